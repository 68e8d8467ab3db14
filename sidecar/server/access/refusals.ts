import type { Clock } from '../../kernel/clock.js';
import type { RefusalFields, RefusalsFields } from '../../kernel/leaf.js';
import { LIMITS } from '../../kernel/limits.js';
import type { Refusal } from './gate.js';

/** Records refused calls, so many a minute and no more. */
export interface RefusalRecorder {
  /** Takes one refused call. */
  add(refusal: Refusal): void;
  /** Records what was only counted. To be called before the log closes. */
  close(): Promise<void>;
}

/** Where refusals go. */
export interface RefusalRecorderOptions {
  readonly clock: Clock;
  /** Whether a record would be taken now. What is refused in between is counted. */
  readonly canRecord: () => boolean;
  readonly record: (fields: RefusalFields | RefusalsFields) => Promise<unknown>;
  /** What `record` rejected with. Must not throw. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The first `LIMITS.refusalLeavesMax` of a minute become a leaf each, the others one leaf with their number once it is over:
 * whoever can reach the port could fill the disk otherwise. A minute begins with the refusal after the one before.
 */
export function createRefusalRecorder({
  clock,
  canRecord,
  record,
  onFailure,
}: RefusalRecorderOptions): RefusalRecorder {
  let minute: NodeJS.Timeout | undefined;
  let recorded = 0;
  let counted = 0;
  let firstMs = 0;
  let lastMs = 0;

  const recordCounted = async (): Promise<void> => {
    if (counted === 0 || !canRecord()) return;
    const fields = { kind: 'admin', op: 'refusals', count: counted, first_ms: firstMs, last_ms: lastMs } as const;
    counted = 0;
    await record(fields).catch(onFailure);
  };
  const endMinute = () => {
    recorded = 0;
    void recordCounted();
    // What could not be recorded waits for the end of another minute.
    minute = counted > 0 ? begin() : undefined;
  };
  const begin = () => setTimeout(endMinute, LIMITS.refusalWindowMs).unref();

  return {
    add({ method, reason, principal }) {
      minute ??= begin();
      if (recorded < LIMITS.refusalLeavesMax && canRecord()) {
        recorded += 1;
        const who = principal === undefined ? {} : { principal };
        record({ kind: 'admin', op: 'refused', method, reason, ...who }).catch(onFailure);
        return;
      }
      lastMs = clock.nowMs();
      if (counted === 0) firstMs = lastMs;
      counted += 1;
    },
    async close() {
      clearTimeout(minute);
      await recordCounted();
    },
  };
}
