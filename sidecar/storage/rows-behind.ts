import type { ClassicLevel } from 'classic-level';
import { boundaryKeys, parseBoundaryKey } from './boundary-key.js';
import { envelopeKey, payloadKeysOf } from './envelope-key.js';
import { firstKeptKeyOf, KEPT_LEAF_KEYS } from './leaf-key.js';
import { firstTileKeyOf, firstTreeKeyOf, TILE_WIDTH, treeKeysOf } from './tree-key.js';

type Database = ClassicLevel<Uint8Array, Uint8Array>;

/** Some hundred kilobytes. */
const KEYS_PER_BATCH = 10_000;
/** 256^7 is more leaves than a number counts exactly. */
const LEVELS_MAX = 7;

/** Whether rows that were written with leaves lie behind the end of a log of `size` leaves, so that those leaves are gone. */
export async function hasRowsBehind(db: Database, size: number): Promise<boolean> {
  for (const range of rangesBehind(size)) {
    if ((await db.keys({ ...range, limit: 1 }).all()).length > 0) return true;
  }
  return (await boundariesBehind(db, size)).length > 0;
}

/**
 * Removes those rows, but for boundaries and the last of each other kind, whose keys it gives: they are to be removed in the batch that
 * writes down that there were some. So a start that is killed in between leaves what the next one finds.
 */
export async function removeRowsBehind(db: Database, size: number): Promise<Uint8Array[]> {
  const left = await boundariesBehind(db, size);
  for (const range of rangesBehind(size)) {
    const [last] = await db.keys({ ...range, reverse: true, limit: 1 }).all();
    if (!last) continue;
    left.push(last);
    await removeAll(db, range.gte, last);
  }
  return left;
}

/** Keys of boundaries whose `prune` leaf is gone. With them in it, a log would begin where nothing says that it does. */
async function boundariesBehind(db: Database, size: number): Promise<Uint8Array[]> {
  const keys = await db.keys(boundaryKeys()).all();
  return keys.filter((key) => (parseBoundaryKey(key)?.pruneSeq ?? -1) >= size);
}

/** Each batch is synced: what came back after a crash would lie beside leaves that were written since. */
async function removeAll(db: Database, from: Uint8Array, before: Uint8Array): Promise<void> {
  for (let gte = from; ; ) {
    const keys = await db.keys({ gte, lt: before, limit: KEYS_PER_BATCH }).all();
    const [last] = keys.slice(-1);
    if (!last) return;
    await db.batch(
      keys.map((key) => ({ type: 'del', key })),
      { sync: true },
    );
    gte = last;
  }
}

function rangesBehind(size: number): { readonly gte: Uint8Array; readonly lt: Uint8Array }[] {
  const payloads = (['envelope', 'tombstone'] as const).map((kind) => {
    return { gte: envelopeKey(size, kind), lt: payloadKeysOf(kind).lt };
  });
  const levels = Array.from({ length: LEVELS_MAX }, (_, at) => at + 1);
  const hashes = levels.map((level) => {
    return { gte: firstTreeKeyOf(level, Math.floor(size / TILE_WIDTH ** level)), lt: treeKeysOf(level).lt };
  });
  const tiles = { gte: firstTileKeyOf(size), lt: treeKeysOf(0).lt };
  const keyLeaves = { gte: firstKeptKeyOf(size), lt: KEPT_LEAF_KEYS.lt };
  return [...payloads, tiles, ...hashes, keyLeaves];
}
