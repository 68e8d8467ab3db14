import type { AuditLog, AuditLogOptions } from '../../sidecar/audit/audit-log.js';
import { createPruner } from '../../sidecar/audit/prune/pruner.js';
import type { Clock } from '../../sidecar/kernel/clock.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';

export const DAY_MS = 24 * 60 * 60 * 1000;
export const RETENTION_MS = 90 * DAY_MS;

/** A clock that stands still until it is told to go on. */
export interface StoppedClock extends Clock {
  goOn(ms: number): void;
}

export function stoppedClock(startMs = 1_700_000_000_000): StoppedClock {
  let passedMs = 0;
  return {
    nowMs: () => startMs + passedMs,
    monotonicNs: () => BigInt(passedMs) * 1_000_000n,
    goOn(ms) {
      passedMs += ms;
    },
  };
}

/** The log of a data directory, in a run of its own, by this clock; signing waits for nothing. */
export function openByClock(dataDir: string, clock: Clock): Promise<AuditLog> {
  const options = levelLogOptions(dataDir, { clock });
  return openAuditLog({ ...options, signing: signingSoon(options.signing) });
}

function signingSoon(signing: AuditLogOptions['signing']): AuditLogOptions['signing'] {
  return {
    ...signing,
    after(_ms, run) {
      const soon = setImmediate(run);
      return () => clearImmediate(soon);
    },
  };
}

/** A pruner whose steps are taken when somebody asks for them. */
export function steppedPruner(log: AuditLog, clock: Clock, retentionMs = RETENTION_MS) {
  let run = () => Promise.resolve();
  const boundaries: number[] = [];
  const problems: string[] = [];
  const pruner = createPruner({
    log,
    coveredSize: () => log.signed.checkpoint?.size ?? 0,
    retentionMs,
    clock,
    onBoundary: (firstSeq) => boundaries.push(firstSeq),
    onProblem: (problem) => problems.push(problem),
    every(ms, step) {
      if (ms !== LIMITS.pruneTickMs) throw new Error(`asked to run every ${ms} ms`);
      run = step;
      return () => {};
    },
  });
  return { step: () => run(), boundaries, problems, pruner };
}

/** Lets everything be old, and the pruner come to the end of one removal. */
export async function pruneAll(log: AuditLog, clock: StoppedClock): Promise<readonly number[]> {
  clock.goOn(RETENTION_MS + 1);
  const { step, boundaries } = steppedPruner(log, clock);
  for (let steps = 0; steps < 40; steps += 1) {
    await signed(log);
    await step();
    clock.goOn(LIMITS.pruneGraceMs);
  }
  return boundaries;
}

/** Resolves once all leaves are signed. */
export async function signed(log: AuditLog): Promise<void> {
  while (log.signed.checkpoint?.size !== log.size) await new Promise((resolve) => setImmediate(resolve));
}

export async function appendMany(log: AuditLog, count: number, name = 'r'): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => log.append({ leafFields: decision(`${name}${at}`) })));
}
