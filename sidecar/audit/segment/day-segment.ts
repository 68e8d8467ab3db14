import { canonicalJson } from '../../kernel/canonical-json.js';
import { JiminiError } from '../../kernel/errors.js';
import { membersOf } from '../leaf-members.js';
import { pagedRows, readLeaves } from '../log-reader.js';
import type { KeptKeyLeaves, LogPages } from '../log-store.js';
import { keyLeavesBelow } from '../signing/named-keys.js';
import { provenConsistency, provenPeaks, signedTree } from '../tree/proven.js';
import type { TileReader } from '../tree/tiles.js';

/** What a segment is taken from. */
export interface SegmentSource {
  readonly log: LogPages & TileReader & KeptKeyLeaves;
  /** First leaf that was not removed. */
  readonly firstSeq: number;
  /** The newest signed checkpoint; absent = there is none. */
  readonly checkpoint: Uint8Array | undefined;
  /** Verifier keys, one a line. */
  readonly publicKeys: Uint8Array | undefined;
}

/** The leaves of one day, and what shows that they are a part of the log (docs/log-format.md, Segment). */
export interface DaySegment {
  /** First leaf, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** The leaf before the first one is not there any more: others of the day may have been removed with it. */
  readonly mayLackRemoved: boolean;
  /** Files that go beside the leaves; absent = there is no such file. */
  readonly files: Readonly<Record<'checkpoint' | 'key.pub' | 'segment.json' | 'keys.jsonl', Uint8Array | undefined>>;
  leaves(): AsyncIterable<Uint8Array>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The segment of a day (UTC): from the first leaf of that day to the last. Where the clock was set back, leaves of other days stand between
 * them. Every leaf is looked at. Undefined = there is no leaf of that day. Rejects with `JIMINI_USAGE` when no checkpoint covers
 * all of it, and with a `JIMINI_STORE_*` error.
 */
export async function daySegment(source: SegmentSource, day: string): Promise<DaySegment | undefined> {
  const { log, firstSeq, checkpoint, publicKeys } = source;
  const range = await rangeOf(source, day);
  if (!range) return undefined;
  const { first, end, logId, mayLackRemoved } = range;
  const signed = checkpoint && signedTree(log, checkpoint);
  if (!signed || signed.size < end) {
    const size = signed?.size ?? 0;
    const covered = `${size} leaves are signed, and the day ends with leaf ${end - 1}`;
    throw new JiminiError('JIMINI_USAGE', `the leaves of ${day} are not all signed yet: ${covered}: try again`);
  }
  // What is stored of the tree may be damaged, which nobody would find out before the segment is read.
  const consistency = hexes((await provenConsistency(signed, end)).hashes);
  const peaks = hexes(await provenPeaks(signed, first));
  const keyLeaves = await keyLeavesBelow(log, firstSeq, signed.size);
  const outside = keyLeaves.filter(({ seq }) => seq < first || seq >= end);
  return {
    first,
    end,
    mayLackRemoved,
    files: {
      checkpoint,
      'key.pub': publicKeys,
      'segment.json': Buffer.from(`${canonicalJson({ v: 1, log_id: logId, day, first, end, peaks, consistency })}\n`),
      'keys.jsonl': outside.length === 0 ? undefined : Buffer.concat(outside.flatMap(({ bytes }) => [bytes, NEWLINE])),
    },
    async *leaves() {
      // Old leaves may be removed while they are read: then one is missing.
      const leaves = readLeaves(pagedRows(log), { from: first, to: end - 1, firstSeq: first });
      for await (const { bytes } of leaves) yield bytes;
    },
  };
}

const NEWLINE = Buffer.from('\n');

async function rangeOf({ log, firstSeq }: SegmentSource, day: string) {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  let first: number | undefined;
  let end = 0;
  let logId = '';
  let before = -1;
  let mayLackRemoved = false;
  for await (const { seq, bytes } of pagedRows(log).rowsFrom(firstSeq)) {
    const leaf = placeOf(seq, bytes);
    const isAfterRemoved = before !== seq - 1;
    before = seq;
    if (leaf.time_ms < fromMs || leaf.time_ms >= fromMs + DAY_MS) continue;
    if (first === undefined) mayLackRemoved = isAfterRemoved;
    first ??= seq;
    end = seq + 1;
    logId = leaf.log_id;
  }
  return first === undefined ? undefined : { first, end, logId, mayLackRemoved };
}

function placeOf(seq: number, bytes: Uint8Array): { readonly time_ms: number; readonly log_id: string } {
  const { time_ms, log_id } = membersOf(bytes);
  if (typeof time_ms === 'number' && typeof log_id === 'string') return { time_ms, log_id };
  throw damaged(seq, 'is damaged');
}

function damaged(seq: number, what: string): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', `the leaf ${seq} ${what}: run \`jimini log verify\``);
}

function hexes(hashes: readonly Uint8Array[]): string[] {
  return hashes.map((hash) => Buffer.from(hash).toString('hex'));
}
