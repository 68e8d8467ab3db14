import { setTimeout as delay } from 'node:timers/promises';
import type { AuditLog } from '../audit/audit-log.js';
import { formatVerifierKey } from '../audit/notes/verifier-key.js';
import { daySegment, type SegmentSource } from '../audit/segment/day-segment.js';
import type { Config } from '../config/config.js';
import { type Clock, monotonicMs } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { prepareDirectory } from '../storage/data-directory.js';
import { daysIn, removeDays, writeDay } from '../storage/day-folders.js';
import type { Logger } from '../telemetry/logger.js';
import { every } from './every.js';

/** What daily segments are made of. */
export interface SegmentsOptions {
  readonly auditLog: AuditLog;
  readonly config: Config['log']['segments'];
  readonly clock: Clock;
  /** As `createRemovalClock` makes one: says which days are too old. */
  readonly removalClock: Clock;
  readonly logger: Logger;
  /** An attempt has failed. It is made again. */
  readonly onFailure: () => void;
}

/** Writes segments in the background. */
export interface Segments {
  /** Why the last attempt failed; absent = it did not. */
  readonly failure: JiminiError | undefined;
  close(): void;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Writes the segment of yesterday (UTC) once it is over, and removes those that are too old, for as long as it is not closed. Undefined
 * when no directory is configured. Rejects as `prepareDirectory` does.
 */
export async function startSegments(options: SegmentsOptions): Promise<Segments | undefined> {
  const { auditLog, config, clock, removalClock, logger, onFailure } = options;
  if (config.dir === '') return undefined;
  const folder = await prepareDirectory(config.dir, 'log.segments.dir', auditLog.logId);
  let doneDay = '';
  let failure: JiminiError | undefined;
  let isClosed = false;
  let nextMs = 0;

  const step = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    const day = dayOf(nowMs - DAY_MS);
    if (day === doneDay || monotonicMs(clock) < nextMs) return;
    // Each attempt may read the whole log.
    nextMs = monotonicMs(clock) + LIMITS.segmentRetryMs;
    await removeDays(folder, dayOf(removalClock.nowMs() - config.retentionDays * DAY_MS));
    if (!(await daysIn(folder)).includes(day)) await write(day);
    doneDay = day;
    nextMs = 0;
    failure = undefined;
  };

  const write = async (day: string): Promise<void> => {
    const segment = await daySegment(sourceOf(auditLog), day);
    if (!segment) return;
    const { first, end, files, mayLackRemoved } = segment;
    await writeDay(folder, day, { 'entries.jsonl': linesOf(segment.leaves()), ...files });
    logger.info({ day, first, end }, 'the segment of a day is written');
    if (mayLackRemoved) logger.warn({ day, first }, 'leaves before the segment were removed, perhaps some of its day');
  };

  const callOff = every(LIMITS.segmentTickMs, () =>
    step().catch((reason) => {
      if (isClosed) return;
      const fault = faultOf(reason, folder);
      const { code, message } = fault;
      if (!failure)
        logger.error({ code, problem: message }, 'the segment of a day cannot be written; it is tried again');
      failure = fault;
      onFailure();
    }),
  );
  return {
    get failure() {
      return failure;
    },
    close() {
      isClosed = true;
      callOff();
    },
  };
}

/** Reading the whole log is not to take time from requests: after each page others have some. */
function sourceOf(auditLog: AuditLog): SegmentSource {
  const { removal, signed } = auditLog;
  return {
    firstSeq: removal.boundary.minSeq,
    checkpoint: signed.checkpoint?.note,
    publicKeys: Buffer.from(signed.keys.map((key) => `${formatVerifierKey(key)}\n`).join('')),
    log: {
      async page(seq, count) {
        await delay(LIMITS.segmentPauseMs);
        return auditLog.page(seq, count);
      },
      readTile: (level, index, width) => auditLog.readTile(level, index, width),
      keptKeyLeaves: () => auditLog.keptKeyLeaves(),
    },
  };
}

async function* linesOf(leaves: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const newline = Buffer.from('\n');
  for await (const leaf of leaves) yield Buffer.concat([leaf, newline]);
}

/** What the file system refuses is told with the path, so that somebody can make room, or give back the right to write. */
function faultOf(reason: unknown, folder: string): JiminiError {
  const { code, syscall } = reason as NodeJS.ErrnoException;
  if (reason instanceof JiminiError || syscall === undefined) return JiminiError.from(reason);
  const what = `log.segments.dir: ${folder} cannot be used (${code ?? 'unknown error'}, ${syscall})`;
  const advice = 'see that it is there, has room, and can be written to by this user';
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', `${what}: ${advice}`, { cause: reason });
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
