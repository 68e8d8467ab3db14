import { InvalidArgumentError } from 'commander';
import { type DaySegment, daySegment } from '../audit/segment/day-segment.js';
import { newestHead } from '../audit/verify/head-slots.js';
import { JiminiError } from '../kernel/errors.js';
import type { LogCopy } from '../storage/log-copy.js';
import { startOfCopy } from './log-boundary.js';

/** Reads `YYYY-MM-DD`. */
export function parseDay(text: string): string {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('Expected a day as YYYY-MM-DD.');
}

/** The segment of a day in a copy. Rejects with `JIMINI_USAGE` when there is none, or as `daySegment` does. */
export async function segmentOf({ log, beside }: LogCopy, day: string): Promise<DaySegment> {
  const { firstSeq } = await startOfCopy(log);
  const head = newestHead([beside.get('checkpoint.a'), beside.get('checkpoint.b')]);
  const checkpoint = 'why' in head ? undefined : head.checkpoint;
  const segment = await daySegment({ log, firstSeq, checkpoint, publicKeys: beside.get('key.pub') }, day);
  if (segment) return segment;
  throw new JiminiError('JIMINI_USAGE', `the log has no leaves of ${day} (UTC)`);
}
