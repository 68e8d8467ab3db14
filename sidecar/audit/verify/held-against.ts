import { type Boundary, readBoundary } from './boundary.js';
import type { Claim, ClaimSource } from './claims.js';
import { readClaim } from './claims.js';
import { readKeyFile } from './key-file.js';
import { asFault, type RuleName, type VerifyReport } from './report.js';
import { readSegment, type Segment, type SegmentFiles } from './segment.js';
import type { NoteKey } from './signed-note.js';

/** One file that says something about a log. */
export interface SignedFile {
  readonly source: ClaimSource;
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What there is to hold a log against. */
export interface Evidence {
  /** Verifier keys: those that were pinned, else those that lie beside the log; absent = none. */
  readonly keys?: { readonly name: string; readonly bytes: Uint8Array };
  readonly files: readonly SignedFile[];
  /** The leaves that show where the log begins, when leaves were removed from its front: see `readBoundary`. */
  readonly boundary?: readonly Uint8Array[];
  /** What a part of a log says of itself, when it is one. */
  readonly segment?: SegmentFiles;
}

/** Evidence that was read: statements and keys; a finding before any leaf is looked at; or why there is nothing to verify with. */
export type ReadEvidence =
  | {
      readonly claims: readonly Claim[];
      readonly keys: readonly NoteKey[];
      readonly boundary?: Boundary;
      readonly segment?: Segment;
    }
  | { readonly report: VerifyReport }
  | { readonly badInput: string };

/** Reads the form of all files. Nothing is verified yet. */
export function readEvidence({
  keys: keyFile,
  files,
  boundary: boundaryLeaves,
  segment: segmentFiles,
}: Evidence): ReadEvidence {
  const keys = keyFile ? readKeyFile(keyFile.bytes) : [];
  if ('why' in keys) return { badInput: `${keyFile?.name}: ${keys.why}` };
  if (files.length > 0 && keys.length === 0) {
    return { badInput: 'there is no key to check signatures with: name a file of verifier keys with --key' };
  }
  const claims: Claim[] = [];
  for (const { source, name, bytes } of files) {
    const claim = readClaim(source, bytes);
    if (!('why' in claim)) {
      claims.push(claim);
      continue;
    }
    // What is given to hold a log against must be something; what lies in it is a part of it.
    if (source === 'anchor') return { badInput: `${name}: ${claim.why}` };
    return { report: refusedBefore(source, `${name}: ${claim.why}`) };
  }
  const boundary = boundaryLeaves && readBoundary(boundaryLeaves);
  if (boundary && 'why' in boundary) return { report: refusedBefore('boundary', boundary.why) };
  const segment = segmentFiles && readSegment(segmentFiles);
  if (segment && 'why' in segment) return { report: refusedBefore('segment', segment.why) };
  return { claims, keys, ...(boundary && { boundary }), ...(segment && { segment }) };
}

/** The report when something beside the leaves has not even the form that it must have. */
function refusedBefore(source: RuleName, found: string): VerifyReport {
  const fault = asFault({ seq: 0, rule: source, found });
  return { status: 'tampered', entries: 0, opaque: 0, gaps: 0, epoch: 0, fault };
}
