import { type Entry, LEAF_BYTES_MAX } from './report.js';

const KEY_PREFIX = 0x6c;
const KEY_BYTES = 41;
const NEWLINE = 0x0a;
/** One byte more than any leaf may have, so that a longer line is still seen to be too long. */
const LINE_BYTES_KEPT_MAX = LEAF_BYTES_MAX + 1;

/** Leaves of a database, from its pairs in the order of their keys. */
export async function* entriesOfPairs(
  pairs: AsyncIterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
): AsyncGenerator<Entry> {
  for await (const { key, value } of pairs) yield entryOfPair(key, value);
}

function entryOfPair(key: Uint8Array, bytes: Uint8Array): Entry {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  if (key.length !== KEY_BYTES || key[0] !== KEY_PREFIX) return { seq: undefined, bytes };
  const seq = view.getBigUint64(1);
  if (seq > BigInt(Number.MAX_SAFE_INTEGER)) return { seq: undefined, bytes };
  return { seq: Number(seq), bytes, hash: Buffer.from(key.subarray(9)).toString('hex') };
}

/** Leaves of an `entries.jsonl`, from `firstSeq` on: one per line, each line ended by one newline. Holds one line at a time. */
export async function* entriesOfLines(chunks: AsyncIterable<Uint8Array>, firstSeq = 0): AsyncGenerator<Entry> {
  for await (const entries of groupsOfLines(chunks, firstSeq)) yield* entries;
}

/** The same in groups, one for each chunk that is read: waiting once for a thousand leaves is cheaper than a thousand times. */
export async function* groupsOfLines(
  chunks: AsyncIterable<Uint8Array>,
  firstSeq = 0,
): AsyncGenerator<readonly Entry[]> {
  let seq = firstSeq;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    const entries: Entry[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      entries.push({ seq, bytes: joined(rest, chunk.subarray(start, end)) });
      seq += 1;
      rest = new Uint8Array(0);
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start)).subarray(0, LINE_BYTES_KEPT_MAX);
    if (entries.length > 0) yield entries;
  }
  // A last line without its end is shown with a character that no leaf can hold there.
  if (rest.length > 0) yield [{ seq, bytes: joined(rest, Uint8Array.of(0)) }];
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : Buffer.concat([a, b]);
}
