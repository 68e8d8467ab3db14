import { formatVerifierKey } from '../audit/notes/verifier-key.js';
import { boundaryLeaves } from '../audit/prune/boundary.js';
import { TILE_WIDTH, type TileReader } from '../audit/tree/tiles.js';
import { type ReadEvidence, readEvidence } from '../audit/verify/held-against.js';
import type { ReadTreeRows } from '../audit/verify/tree-rows.js';
import { JiminiError } from '../kernel/errors.js';
import { treeKey } from '../storage/tree-key.js';
import type { SignedLog } from './proof-methods.js';

/** What the program itself has to hold its log against: the newest checkpoint, the keys that it knows, and where the log begins. */
export async function ownEvidence(log: SignedLog): Promise<ReadEvidence> {
  const { checkpoint, keys } = log.signed;
  const boundary = await boundaryLeaves(log, log.removal.boundary);
  return readEvidence({
    ...(boundary.length > 0 && { boundary }),
    files: checkpoint ? [{ source: 'checkpoint', name: 'the newest checkpoint', bytes: checkpoint.note }] : [],
    ...(keys.length > 0 && {
      keys: { name: 'its keys', bytes: Buffer.from(keys.map((key) => `${formatVerifierKey(key)}\n`).join('')) },
    }),
  });
}

/**
 * The stored hashes of the tree over the leaves before `end` of a log in use, and its full tiles of leaf hashes, but for those of tiles that
 * end at or below `first`, tile by tile: nothing is held open in between.
 */
export function treeRowsOf(
  log: TileReader,
  { first, end }: { readonly first: number; readonly end: number },
): ReadTreeRows {
  async function* nodesOfLevel(level: number) {
    const count = Math.floor(end / TILE_WIDTH ** level);
    for (let tile = Math.floor(first / TILE_WIDTH ** (level + 1)); tile * TILE_WIDTH < count; tile += 1) {
      const index = tile * TILE_WIDTH;
      const hashes = await log.readTile(level, tile, Math.min(TILE_WIDTH, count - index)).catch(nothingIfDamaged);
      for (let at = 0; at * 32 < hashes.length; at += 1) {
        yield { index: index + at, hash: hashes.subarray(at * 32, at * 32 + 32) };
      }
    }
  }
  async function* rowsOfLevel(level: number) {
    for await (const { index, hash } of nodesOfLevel(level)) yield { key: treeKey(level, index, hash), value: NOTHING };
  }
  /** The hash in the key of such a row is not read with it: that of level 1 stands in for it, which is compared itself. */
  async function* leafTiles() {
    for await (const { index, hash } of nodesOfLevel(1)) {
      if (index < Math.floor(first / TILE_WIDTH)) continue;
      const value = await log.readTile(0, index, TILE_WIDTH).catch(nothingIfDamaged);
      if (value.length > 0) yield { key: treeKey(0, index, hash), value };
    }
  }
  return async function* (level) {
    if (level !== undefined) return yield* level === 0 ? leafTiles() : rowsOfLevel(level);
    yield* leafTiles();
    for (let each = 1; TILE_WIDTH ** each <= end; each += 1) yield* rowsOfLevel(each);
  };
}

const NOTHING = new Uint8Array(0);

/** Hashes that are missing, or there twice, are for the verifier to name. */
function nothingIfDamaged(error: unknown): Uint8Array {
  if (JiminiError.from(error).code === 'JIMINI_STORE_CORRUPT') return NOTHING;
  throw error;
}
