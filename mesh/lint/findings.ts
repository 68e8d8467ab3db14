import { LIMITS } from '../../sidecar/kernel/limits.js';
import { CHECKS, type CheckId, type Report } from './checks.js';
import type { Place } from './tree.js';

/** One thing that is wrong, or doubtful, in a file. */
export interface MeshFinding extends Place {
  readonly file: string;
  readonly severity: 'error' | 'warning';
  readonly check: CheckId;
  /** What was found, with names as they are written there. */
  readonly message: string;
  /** What comes of it. */
  readonly why: string;
  /** What to do. */
  readonly mend: string;
}

/** Gathers the findings of one file. */
export interface FileFindings {
  readonly report: Report;
  /** By place; the same one once, though aliases may have it found twice. */
  sorted(): readonly MeshFinding[];
}

export function createFindings(file: string): FileFindings {
  const found = new Map<string, MeshFinding>();
  const report: Report = (check, { line, column }, message) => {
    const { severity, why, mend } = CHECKS[check];
    if (found.size > LIMITS.meshFindingsMax) return;
    const isTooMany = found.size === LIMITS.meshFindingsMax && check !== 'findings-left-out';
    if (isTooMany) report('findings-left-out', { line, column }, `more than ${LIMITS.meshFindingsMax} findings`);
    else
      found.set(`${line}:${column}:${check}:${message}`, { file, line, column, severity, check, message, why, mend });
  };
  const sorted = () => [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  return { report, sorted };
}
