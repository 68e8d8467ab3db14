import { type KeyLeaf, readKeyLeaves } from './boundary.js';
import { scanCanonical } from './canonical-scan.js';
import { hash, logId as isLogId, type Leaf, listOf } from './field-types.js';
import { LEAF_BYTES_MAX } from './report.js';
import type { Refused } from './signed-note.js';
import { decodeUtf8 } from './utf8.js';

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
export const SEGMENT_BYTES_MAX = LEAF_BYTES_MAX + 1;
const isHashes = listOf(63, hash);

/** Reads what a segment says of itself. */
export function readSegment({ bytes, keyLeaves: keyBytes }: SegmentFiles): Segment | Refused {
  const text = decodeUtf8(bytes) ?? '';
  const scanned =
    bytes.length <= SEGMENT_BYTES_MAX && text.endsWith('\n') ? scanCanonical(text.slice(0, -1)) : { why: 'is no line' };
  if ('why' in scanned) return { why: 'segment.json is not one line of canonical JSON' };
  const [first, end, day, logId] = ['first', 'end', 'day', 'log_id'].map((name) => scanned.get(name));
  const [peaks, consistency] = [hashesOf(scanned, 'peaks'), hashesOf(scanned, 'consistency')];
  const hasPlace = typeof first === 'number' && typeof end === 'number' && first >= 0 && first < end;
  const hasNames = typeof day === 'string' && DAY.test(day) && typeof logId === 'string' && isLogId(logId, scanned);
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

function hashesOf(fields: Leaf, name: string): Buffer[] | undefined {
  const value = fields.get(name);
  return isHashes(value, fields) ? (value as readonly string[]).map((text) => Buffer.from(text, 'hex')) : undefined;
}
