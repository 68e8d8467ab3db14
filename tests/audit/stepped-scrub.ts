import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import { createScrub, type Scrub, type ScrubOptions } from '../../sidecar/audit/scrub.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';

export const PASSED_MS = 1_700_000_000_000;

/** A scrub that takes one step at a call. */
export interface SteppedScrub {
  readonly scrub: Scrub;
  /** What was told, in order. */
  readonly told: string[];
  /** Numbers of one kind that were told, in order. */
  numbers(kind: 'leaf' | 'payload' | 'tile'): number[];
  step(): Promise<void>;
  /** So many steps: one leaf is read in each, where the log is small. */
  steps(count: number): Promise<void>;
}

/** Reads `log` from its beginning, proving nothing, where `options` say nothing else; `seen` is what it sees of it in another way. */
export function steppedScrub(
  log: AuditLog,
  seen: Partial<ScrubOptions['log']> = {},
  options: Partial<ScrubOptions> = {},
): SteppedScrub {
  const told: string[] = [];
  let step = () => Promise.resolve();
  const scrub = createScrub({
    log: {
      size: log.size,
      state: 'open',
      removal: log.removal,
      page: (...page) => log.page(...page),
      payloadPage: (...page) => log.payloadPage(...page),
      ...seen,
    },
    from: 0,
    nowMs: () => PASSED_MS,
    monotonicMs: () => 0,
    prove: async () => {},
    onDamaged: (seq) => told.push(`leaf ${seq}`),
    onDamagedPayload: (seq) => told.push(`payload ${seq}`),
    onUnproven: (tile) => told.push(`tile ${tile}`),
    onStalled: ({ code }, seq) => told.push(`stalled at ${seq} by ${code}`),
    onResumed: () => told.push('resumed'),
    every(ms, run) {
      if (ms !== LIMITS.scrubTickMs) throw new Error(`asked to run every ${ms} ms`);
      step = run;
      return () => {};
    },
    ...options,
  });
  return {
    scrub,
    told,
    numbers: (kind) => told.filter((each) => each.startsWith(kind)).map((each) => Number(each.split(' ')[1])),
    step: () => step(),
    async steps(count) {
      for (let at = 0; at < count; at += 1) await step();
    },
  };
}
