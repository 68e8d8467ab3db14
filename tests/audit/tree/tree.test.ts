import test from 'ava';
import fc from 'fast-check';
import { createKeptTiles } from '../../../sidecar/audit/tree/kept-tiles.js';
import { consistencyProof, inclusionProof } from '../../../sidecar/audit/tree/proofs.js';
import { readAhead } from '../../../sidecar/audit/tree/read-ahead.js';
import { recoverEdge } from '../../../sidecar/audit/tree/recover-edge.js';
import type { TileReader } from '../../../sidecar/audit/tree/tiles.js';
import { createTreeEdge } from '../../../sidecar/audit/tree/tree-edge.js';
import { createMemoryTree, memoryTreeOf } from './memory-tree.js';
import { createReference, leafHashOf } from './reference.js';

const ALL_SIZES = 4097;
const ALL_PAIRS = 257;
const EDGE_SIZES = 1100;
const leafHashes = Array.from({ length: ALL_SIZES }, (_, index) => leafHashOf(`leaf ${index}`));
const reference = createReference(leafHashes);
const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex')).join();

test('the root of every size up to 4,097 leaves is that of the recursive definition', (t) => {
  const edge = createTreeEdge();
  for (const [index, leafHash] of leafHashes.entries()) {
    if (!edge.root().equals(reference.root(index))) t.fail(`size ${index}`);
    edge.append(leafHash);
  }
  t.deepEqual(edge.root(), reference.root(ALL_SIZES));
});

test('every inclusion proof of every tree up to 257 leaves is that of the recursive definition', async (t) => {
  const { reader } = memoryTreeOf(leafHashes.slice(0, ALL_PAIRS));
  for (let size = 1; size <= ALL_PAIRS; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const made = await inclusionProof(reader, index, size);
      if (hex(made) !== hex(reference.inclusion(index, size))) t.fail(`leaf ${index} of ${size}`);
    }
  }
  t.pass();
});

test('every consistency proof between trees up to 257 leaves is that of the recursive definition', async (t) => {
  const { reader } = memoryTreeOf(leafHashes.slice(0, ALL_PAIRS));
  for (let size = 1; size <= ALL_PAIRS; size += 1) {
    for (let from = 1; from <= size; from += 1) {
      const made = await consistencyProof(reader, from, size);
      if (hex(made) !== hex(reference.consistency(from, size))) t.fail(`${from} of ${size}`);
    }
  }
  t.pass();
});

test('proofs over full tiles are those of the recursive definition', async (t) => {
  const { reader } = memoryTreeOf(leafHashes);
  for (const size of [511, 512, 513, 767, 4095, 4096, 4097]) {
    for (const at of [1, 2, 255, 256, 257, 300, 510, size - 1]) {
      t.is(hex(await inclusionProof(reader, at, size)), hex(reference.inclusion(at, size)), `leaf ${at} of ${size}`);
      t.is(hex(await consistencyProof(reader, at, size)), hex(reference.consistency(at, size)), `${at} of ${size}`);
    }
  }
});

test('proofs from kept tiles are the same, each is read once while it is kept, and one that could not be read again', async (t) => {
  const { reader, reads } = memoryTreeOf(leafHashes);
  const readsOf = async (leafTiles: number, indices: readonly number[]) => {
    reads.length = 0;
    const kept = createKeptTiles({ leafTiles, upperTiles: 1 });
    for (const index of indices) {
      const made = await inclusionProof(reader, index, 4096, kept);
      t.is(hex(made), hex(reference.inclusion(index, 4096)), `leaf ${index}`);
    }
    return reads.join(' ');
  };
  t.is(await readsOf(64, [5, 300, 7, 4095]), '0/0:256 1/0:16 0/1:256 0/15:256');
  t.is(await readsOf(1, [5, 300, 7]), '0/0:256 1/0:16 0/1:256 0/0:256');

  const all = createKeptTiles();
  await inclusionProof(reader, 300, 4096, all);
  reads.length = 0;
  for (const size of [301, 512, 2048, 4097]) {
    t.is(hex(await inclusionProof(reader, 300, size, all)), hex(reference.inclusion(300, size)), `of ${size}`);
  }
  t.deepEqual(reads, ['0/16:1'], 'what a larger tree has a smaller one has, too');

  const kept = createKeptTiles();
  const broken: TileReader = { readTile: () => Promise.reject(new Error('not now')) };
  await t.throwsAsync(inclusionProof(broken, 5, 4096, kept), { message: 'not now' });
  t.is(hex(await inclusionProof(reader, 5, 4096, kept)), hex(reference.inclusion(5, 4096)));
});

test('an edge recovered from the tiles at every size up to 1,100 goes on as if it had never been away', async (t) => {
  const tree = createMemoryTree();
  for (let size = 0; size <= EDGE_SIZES; size += 1) {
    const edge = await recoverEdge(tree.reader, size);
    t.is(edge.size, size);
    if (!edge.root().equals(tree.edge.root())) t.fail(`root at ${size}`);
    const next = leafHashes[size] as Buffer;
    const completed = edge.append(next);
    tree.append(next);
    if (!edge.root().equals(tree.edge.root())) t.fail(`root after ${size} and one more`);
    t.is(completed.length, (size + 1) % 256 === 0 ? 1 : 0);
  }
});

test('a million leaves are recovered from one tile of each level', async (t) => {
  const tree = createMemoryTree();
  for (let index = 0; index < 1_000_000; index += 1) tree.append(leafHashes[index % ALL_SIZES] as Buffer);
  const edge = await recoverEdge(tree.reader, 1_000_000);
  t.deepEqual(tree.reads, ['0/3906:64', '1/15:66', '2/0:15']);
  t.deepEqual(edge.root(), tree.edge.root());
  tree.reads.length = 0;
  t.is((await inclusionProof(tree.reader, 0, 1_000_000)).length, 20);
  t.deepEqual(tree.reads.sort(), ['0/0:256', '0/3906:64', '1/0:256', '1/15:66', '2/0:15']);
});

test('what lies above the leaves is read ahead, the newest first, and a proof then reads tiles of leaves only', async (t) => {
  const size = 140_000;
  const { reader, reads } = memoryTreeOf(Array.from({ length: size }, (_, at) => leafHashes[at % ALL_SIZES] as Buffer));
  const readBy = async (firstSeq: number, most: number, ofSize = size, seq = 70_000) => {
    reads.length = 0;
    const kept = createKeptTiles({ leafTiles: 1, upperTiles: most });
    await readAhead({ reader, size: ofSize, root: Buffer.alloc(32), kept }, firstSeq, most);
    const ahead = reads.splice(0).join(' ');
    await inclusionProof(reader, seq, ofSize, kept);
    return [ahead, reads.filter((name) => !name.startsWith('0/')).join(' ')];
  };
  t.deepEqual(await readBy(0, 9), ['1/0:256 1/1:256 1/2:34 2/0:2', '']);
  t.deepEqual(await readBy(65_536, 9), ['1/1:256 1/2:34 2/0:2', ''], 'what was removed is not read');
  t.deepEqual(await readBy(65_535, 9), ['1/0:256 1/1:256 1/2:34 2/0:2', '']);
  t.deepEqual(
    await readBy(0, 3, size, 5),
    ['1/1:256 1/2:34 2/0:2', '1/0:256'],
    'as many as are kept, and the top longest',
  );
  t.deepEqual(await readBy(0, 9, 131_072), ['1/0:256 1/1:256 2/0:2', ''], 'no tile that has no hash yet');

  reads.length = 0;
  await readAhead({ reader, size: 255, root: Buffer.alloc(32), kept: createKeptTiles() }, 0, 9);
  t.deepEqual(reads, [], 'a few leaves have nothing above them');
});

test('the tiles of a proof are read at once', async (t) => {
  const { reader } = memoryTreeOf(leafHashes);
  for (const proof of [inclusionProof, consistencyProof]) {
    let [asked, most] = [0, 0];
    const slow: TileReader = {
      async readTile(...tile) {
        asked += 1;
        most = Math.max(most, asked);
        await new Promise(setImmediate);
        asked -= 1;
        return reader.readTile(...tile);
      },
    };
    t.is(hex(await proof(slow, 300, ALL_SIZES)), hex(await proof(reader, 300, ALL_SIZES)));
    t.is(most, 3, 'of leaves that of its own and the last one, and the one above');
  }
});

test('a size beyond 32 bits is appended to and proven from one tile of each level', async (t) => {
  const size = 2 ** 32 + 2 ** 17 + 3;
  const sparse: TileReader = {
    readTile: async (level, index, width) =>
      Buffer.concat(Array.from({ length: width }, (_, at) => leafHashOf(`${level}/${index}/${at}`))),
  };
  const edge = await recoverEdge(sparse, size);
  t.is(edge.size, size);
  const before = edge.root();
  t.deepEqual(edge.append(leafHashOf('next')), []);
  t.is(edge.size, size + 1);
  t.notDeepEqual(edge.root(), before);
  t.is((await inclusionProof(sparse, size - 1, size)).length, 3);
  t.is((await inclusionProof(sparse, 0, size)).length, 33);
});

test('a copy of an edge goes its own way', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 600 }), fc.nat({ max: 300 }), (size, more) => {
      const edge = createTreeEdge();
      for (const hash of leafHashes.slice(0, size)) edge.append(hash);
      const root = edge.root();
      const copy = edge.copy();
      const kept = edge.copy().copy();
      for (const hash of leafHashes.slice(1000, 1000 + more)) copy.append(hash);
      t.deepEqual(edge.root(), root);
      for (const hash of leafHashes.slice(1000, 1000 + more)) edge.append(hash);
      t.deepEqual(edge.root(), copy.root());
      t.deepEqual([kept.size, kept.root()], [size, root]);
    }),
    { numRuns: 50 },
  );
});

test('what is no leaf, no size or no tile is refused', async (t) => {
  const { reader, edge } = memoryTreeOf(leafHashes.slice(0, 300));
  await t.throwsAsync(inclusionProof(reader, 300, 300), { code: 'JIMINI_INVALID_ARGUMENT' });
  await t.throwsAsync(inclusionProof(reader, -1, 300), { code: 'JIMINI_INVALID_ARGUMENT' });
  await t.throwsAsync(inclusionProof(reader, 0.5, 300), { code: 'JIMINI_INVALID_ARGUMENT' });
  await t.throwsAsync(consistencyProof(reader, 301, 300), { code: 'JIMINI_INVALID_ARGUMENT' });
  await t.throwsAsync(recoverEdge(reader, 301), { code: 'JIMINI_STORE_CORRUPT' });
  await t.throwsAsync(inclusionProof(reader, 0, 301), { code: 'JIMINI_STORE_CORRUPT' });
  t.deepEqual(await consistencyProof(reader, 0, 300), []);
  t.throws(() => edge.append(Buffer.alloc(31)), { instanceOf: RangeError });
  t.throws(() => createTreeEdge(3, [Buffer.alloc(32)]), { instanceOf: RangeError });
});
