import { formatVerifierKey } from '../audit/notes/verifier-key.js';
import type { TileReader } from '../audit/tree/tiles.js';
import { type ReadEvidence, readEvidence } from '../audit/verify/held-against.js';
import type { ReadTreeRows } from '../audit/verify/tree-rows.js';
import { JiminiError } from '../kernel/errors.js';
import type { SignedLog } from './proof-methods.js';

const TILE_WIDTH = 256;

/** What the program itself has to hold its log against: the newest checkpoint, and the keys that it knows. */
export function ownEvidence({ signed }: Pick<SignedLog, 'signed'>): ReadEvidence {
  const { checkpoint, keys } = signed;
  return readEvidence({
    files: checkpoint ? [{ source: 'checkpoint', name: 'the newest checkpoint', bytes: checkpoint.note }] : [],
    ...(keys.length > 0 && {
      keys: { name: 'its keys', bytes: Buffer.from(keys.map((key) => `${formatVerifierKey(key)}\n`).join('')) },
    }),
  });
}

/** The stored hashes of the tree over the first `size` leaves of a log in use, tile by tile: nothing is held open in between. */
export function treeRowsOf(log: TileReader, size: number): ReadTreeRows {
  async function* rowsOfLevel(level: number) {
    const count = Math.floor(size / TILE_WIDTH ** level);
    for (let first = 0; first < count; first += TILE_WIDTH) {
      const width = Math.min(TILE_WIDTH, count - first);
      const tile = await log.readTile(level, first / TILE_WIDTH, width).catch(nothingIfDamaged);
      for (let at = 0; at * 32 < tile.length; at += 1) {
        yield { key: keyOf(level, first + at, tile.subarray(at * 32, at * 32 + 32)), value: NOTHING };
      }
    }
  }
  return async function* (level) {
    if (level !== undefined) return yield* rowsOfLevel(level);
    for (let each = 1; TILE_WIDTH ** each <= size; each += 1) yield* rowsOfLevel(each);
  };
}

const NOTHING = new Uint8Array(0);

/** Hashes that are missing, or there twice, are for the verifier to name. */
function nothingIfDamaged(error: unknown): Uint8Array {
  if (JiminiError.from(error).code === 'JIMINI_STORE_CORRUPT') return NOTHING;
  throw error;
}

/** As docs/log-format.md has it. */
function keyOf(level: number, index: number, hash: Uint8Array): Buffer {
  const place = Buffer.alloc(10, 't');
  place.writeUInt8(level, 1);
  place.writeBigUInt64BE(BigInt(index), 2);
  return Buffer.concat([place, hash]);
}
