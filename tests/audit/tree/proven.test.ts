import test from 'ava';
import fc from 'fast-check';
import { createKeptTiles } from '../../../sidecar/audit/tree/kept-tiles.js';
import {
  provenConsistency,
  provenInclusion,
  provenPeaks,
  type SignedTree,
} from '../../../sidecar/audit/tree/proven.js';
import { recoverPeaks } from '../../../sidecar/audit/tree/recover-edge.js';
import type { TileReader } from '../../../sidecar/audit/tree/tiles.js';
import { memoryTreeOf } from './memory-tree.js';
import { createReference, leafHashOf } from './reference.js';

const LEAVES = 700;
const leafHashes = Array.from({ length: LEAVES }, (_, index) => leafHashOf(`leaf ${index}`));
const reference = createReference(leafHashes);
const { reader } = memoryTreeOf(leafHashes);

function signedAt(size: number, by: TileReader = reader): SignedTree {
  return { reader: by, size, root: reference.root(size), kept: createKeptTiles() };
}

/** The tree with one bit of one stored hash changed. */
function damaged(level: number, index: number, bit: number): TileReader {
  return {
    async readTile(ofLevel, tile, width) {
      const bytes = Buffer.from(await reader.readTile(ofLevel, tile, width));
      const at = (index - tile * 256) * 32 + (bit >> 3);
      if (ofLevel === level && at >= 0 && at < bytes.length)
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
      return bytes;
    },
  };
}

/** Three sizes, ascending: an earlier tree, a later one, and that which is signed. */
const sizes = fc
  .tuple(fc.integer({ min: 1, max: LEAVES }), fc.integer({ min: 1, max: LEAVES }), fc.integer({ min: 1, max: LEAVES }))
  .map((three) => three.toSorted((a, b) => a - b) as typeof three);
const hash = fc.oneof(
  fc.record({ level: fc.constant(0), index: fc.nat(LEAVES - 1) }),
  fc.record({ level: fc.constant(1), index: fc.nat(1) }),
);

test('proofs in earlier trees and between them are those of the recursive definition', async (t) => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async ([from, size, signed], at) => {
      const index = at % size;
      const inclusion = await provenInclusion(signedAt(signed), index, size);
      t.deepEqual(inclusion, { leafHash: leafHashes[index], hashes: reference.inclusion(index, size) });
      const consistency = await provenConsistency(signedAt(signed), from, size);
      t.deepEqual(consistency, { root: reference.root(from), hashes: reference.consistency(from, size) });
    }),
  );
  const { root, hashes } = await provenConsistency(signedAt(LEAVES), 0, 300);
  t.deepEqual([root, hashes], [reference.root(0), []]);
});

test('whatever stored hash is damaged, a proof is the right one or none', async (t) => {
  let refused = 0;
  const rightOrNone = async (asked: Promise<{ hashes: readonly Buffer[] }>, right: readonly Buffer[]) => {
    try {
      t.deepEqual((await asked).hashes, right);
    } catch (error) {
      t.is((error as { code?: unknown }).code, 'JIMINI_STORE_CORRUPT');
      refused += 1;
    }
  };
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), hash, fc.nat(255), async ([from, size, signed], at, { level, index }, bit) => {
      const tree = signedAt(signed, damaged(level, index, bit));
      const leaf = at % size;
      await rightOrNone(provenInclusion(tree, leaf, size), reference.inclusion(leaf, size));
      await rightOrNone(provenConsistency(tree, from, size), reference.consistency(from, size));
    }),
    { numRuns: 300 },
  );
  t.true(refused > 100, `${refused} refused`);
});

test('what was read wrong once is not kept for the next proof', async (t) => {
  const asked = signedAt(600, damaged(1, 1, 7));
  await t.throwsAsync(provenInclusion(asked, 3), { code: 'JIMINI_STORE_CORRUPT', message: /leaf 3 does not lead/ });
  t.deepEqual((await provenInclusion({ ...asked, reader }, 3)).hashes, reference.inclusion(3, 600));
  await t.throwsAsync(provenConsistency(signedAt(600, damaged(0, 599, 1)), 256), {
    code: 'JIMINI_STORE_CORRUPT',
    message: /600 leaves begin with 256/,
  });
});

test('peaks are those of the proven tree, also where it is read wrong afterwards', async (t) => {
  t.deepEqual(await provenPeaks(signedAt(600), 300), await recoverPeaks(reader, 300));
  const wrong = damaged(0, 299, 3);
  let isRead = false;
  const once: TileReader = {
    async readTile(level, tile, width) {
      const bytes = await (isRead ? wrong : reader).readTile(level, tile, width);
      if (level === 0 && tile === 1) isRead = true;
      return bytes;
    },
  };
  await t.throwsAsync(provenPeaks(signedAt(600, once), 300), { code: 'JIMINI_STORE_CORRUPT', message: /peaks/ });
});
