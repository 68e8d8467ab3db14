import { InvalidArgumentError } from 'commander';
import { type DaySegment, daySegment } from '../audit/segment/day-segment.js';
import { JiminiError } from '../kernel/errors.js';
import type { LogCopy } from '../storage/log-copy.js';
import { startOfCopy } from './log-boundary.js';
import { checkpointOfCopy } from './log-files.js';

/** Reads `YYYY-MM-DD`. */
export function parseDay(text: string): string {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('Expected a day as YYYY-MM-DD.');
}

/** The segment of a day in a copy. Rejects with `JIMINI_USAGE` when there is none, or as `daySegment` does. */
export async function segmentOf(copy: LogCopy, day: string): Promise<DaySegment> {
  const { log, beside } = copy;
  const { firstSeq } = await startOfCopy(log);
  const source = { log, firstSeq, checkpoint: checkpointOfCopy(copy), publicKeys: beside.get('key.pub') };
  const segment = await daySegment(source, day);
  if (segment) return segment;
  throw new JiminiError('JIMINI_USAGE', `the log has no leaves of ${day} (UTC)`);
}
