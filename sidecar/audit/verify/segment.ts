import { type KeyLeaf, readKeyLeaves, textOf } from './boundary.js';
import { scanCanonical } from './canonical-scan.js';
import type { Refused } from './signed-note.js';

/** A part of a log, as its `segment.json` says. Nothing of it is believed before a checkpoint is shown to cover it. */
export interface Segment {
  readonly logId: string;
  /** UTC day of its first and its last leaf, YYYY-MM-DD. */
  readonly day: string;
  /** First leaf, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** Roots of the perfect subtrees that the leaves before it consist of, largest first. */
  readonly peaks: readonly Buffer[];
  /** Leads from the root over the leaves up to its end to that of the checkpoint. */
  readonly consistency: readonly Buffer[];
  /** The `key` leaves of the log that are not in it, in their order. */
  readonly keyLeaves: readonly KeyLeaf[];
}

/** Files of a segment beside its leaves. */
export interface SegmentFiles {
  /** `segment.json`. */
  readonly bytes: Uint8Array;
  /** Lines of `keys.jsonl`. */
  readonly keyLeaves: readonly Uint8Array[];
}

/** A line as long as a leaf may be: some hundred hashes at most. */
export const SEGMENT_BYTES_MAX = 8 * 1024 + 1;
const HASHES_MAX = 63;

/** Reads what a segment says of itself. */
export function readSegment({ bytes, keyLeaves: keyBytes }: SegmentFiles): Segment | Refused {
  const text = textOf(bytes);
  const scanned =
    bytes.length <= SEGMENT_BYTES_MAX && text.endsWith('\n') ? scanCanonical(text.slice(0, -1)) : { why: 'is no line' };
  if ('why' in scanned) return { why: 'segment.json is not one line of canonical JSON' };
  const [first, end, day, logId] = ['first', 'end', 'day', 'log_id'].map((name) => scanned.get(name));
  const [peaks, consistency] = [hashesOf(scanned.get('peaks')), hashesOf(scanned.get('consistency'))];
  const hasPlace = typeof first === 'number' && typeof end === 'number' && first >= 0 && first < end;
  const hasNames = typeof day === 'string' && DAY.test(day) && typeof logId === 'string' && LOG_ID.test(logId);
  if (scanned.get('v') !== 1 || !hasPlace || !hasNames || !peaks || !consistency) {
    return { why: 'segment.json has not the fields of one' };
  }
  if (peaks.length !== BigInt(first).toString(2).replaceAll('0', '').length) {
    return { why: `segment.json has ${peaks.length} roots for the ${first} leaves before it` };
  }
  const keyLeaves = readKeyLeaves(keyBytes, logId);
  if (!keyLeaves || keyLeaves.some(({ seq }) => seq >= first && seq < end)) return { why: 'keys.jsonl is damaged' };
  return { logId, day, first, end, peaks, consistency, keyLeaves };
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const LOG_ID = /^[a-z2-7]{26}$/;
const HASH = /^[0-9a-f]{64}$/;

function hashesOf(value: unknown): Buffer[] | undefined {
  if (!Array.isArray(value) || value.length > HASHES_MAX) return undefined;
  const hashes = value.filter((text) => typeof text === 'string' && HASH.test(text));
  return hashes.length === value.length ? hashes.map((text) => Buffer.from(text, 'hex')) : undefined;
}
