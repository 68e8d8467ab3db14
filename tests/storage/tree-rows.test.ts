import test from 'ava';
import { consistencyProof, inclusionProof } from '../../sidecar/audit/tree/proofs.js';
import { recoverEdge, recoverPeaks } from '../../sidecar/audit/tree/recover-edge.js';
import { createTreeEdge, type TreeEdge } from '../../sidecar/audit/tree/tree-edge.js';
import { rowsFromBoundary } from '../../sidecar/audit/verify/boundary-rows.js';
import { isConsistent, isIncluded } from '../../sidecar/audit/verify/merkle.js';
import { leafKey } from '../../sidecar/storage/leaf-key.js';
import type { LevelLog } from '../../sidecar/storage/level-log.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { firstTreeKeyOf, treeKey } from '../../sidecar/storage/tree-key.js';
import { leafHashOf } from '../audit/tree/reference.js';
import { type Database, deleted, inDatabase, keysOf } from './database.js';
import { temporaryDataDirectory } from './temporary.js';

const BATCH = 1000;

/** Writes leaves `from` to before `to`, as a log does: in groups, each with the tree hashes that it completes. */
async function writeLeaves(log: LevelLog, edge: TreeEdge, to: number): Promise<void> {
  while (edge.size < to) {
    const rows = [];
    const nodes = [];
    while (rows.length < BATCH && edge.size < to) {
      const bytes = Buffer.from(`leaf ${edge.size}`);
      const leafHash = leafHashOf(bytes);
      rows.push({ seq: edge.size, hash: leafHash.toString('hex'), bytes });
      nodes.push(...edge.append(leafHash));
    }
    await log.write(rows, nodes);
  }
}

test('the edge and proofs come back from LevelDB, and hold', async (t) => {
  const store = createLevelLogStore(await temporaryDataDirectory());
  const first = await store.open();
  const edge = createTreeEdge();
  const roots = new Map<number, Buffer>();
  for (const size of [1, 255, 256, 257, 65_536, 66_000]) {
    await writeLeaves(first, edge, size);
    roots.set(size, edge.root());
  }
  await first.close();

  const log = await store.open();
  const size = 66_000;
  for (const [from, root] of roots) {
    t.deepEqual((await recoverEdge(log, from)).root(), root);
    const proof = await consistencyProof(log, from, size);
    t.true(isConsistent({ size: from, root }, { size, root: edge.root() }, proof), `from ${from}`);
  }
  for (const index of [0, 255, 256, 40_000, 65_535, 65_536, 65_999]) {
    const leaf = { hash: leafHashOf(`leaf ${index}`), index };
    t.true(isIncluded(leaf, { size, root: edge.root() }, await inclusionProof(log, index, size)), `leaf ${index}`);
  }

  // What is left after a removal: one hash for the first 65,536 leaves, one for the tile behind them.
  const minSeq = 65_792;
  const peaks = await recoverPeaks(log, minSeq);
  while ((await log.removeBelow(minSeq, 10_000)) > 0);
  t.is((await log.page(0, 1))[0]?.seq, minSeq);
  t.deepEqual(await countRows(log.rawTreeRows()), { 1: 1, 2: 1 });
  t.deepEqual(await recoverPeaks(log, minSeq), peaks);
  t.deepEqual((await recoverEdge(log, size)).root(), edge.root());
  t.is(
    await rowsFromBoundary((level) => log.rawTreeRows(level), { minSeq, peaks: peaks.map(Buffer.from) }).edgeFault(),
    undefined,
  );
  for (const index of [minSeq, 65_900, 65_999]) {
    const leaf = { hash: leafHashOf(`leaf ${index}`), index };
    t.true(isIncluded(leaf, { size, root: edge.root() }, await inclusionProof(log, index, size)), `leaf ${index}`);
  }
  const proof = await consistencyProof(log, minSeq, size);
  t.true(
    isConsistent({ size: minSeq, root: (await recoverEdge(log, minSeq)).root() }, { size, root: edge.root() }, proof),
  );
  await t.throwsAsync(inclusionProof(log, minSeq - 1, size), { code: 'JIMINI_STORE_CORRUPT' });
  await log.close();
});

/** Rows by the level in their keys. */
async function countRows(rows: AsyncIterable<{ readonly key: Uint8Array }>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for await (const { key } of rows) counts[key[1] ?? 0] = (counts[key[1] ?? 0] ?? 0) + 1;
  return counts;
}

test('a full tile of leaf hashes is read from its own row, and from the leaves where there is no whole one', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const store = createLevelLogStore(dataDir);
  const edge = createTreeEdge();
  // The second tile is begun by one handle and completed by another, which does not know its first hashes.
  for (const size of [300, 1000]) {
    const log = await store.open();
    await writeLeaves(log, edge, size);
    await log.close();
  }
  const hashes = Array.from({ length: 768 }, (_, seq) => leafHashOf(`leaf ${seq}`));
  const tiles = [0, 256, 512].map((first) => Buffer.concat(hashes.slice(first, first + 256)));
  const readAll = async () => {
    const log = await store.open();
    const read = await Promise.all([0, 1, 2].map((index) => log.readTile(0, index, 256).catch(({ code }) => code)));
    await log.close();
    return read;
  };
  const [first, third, ofLevel1] = await inDatabase(dataDir, (db) => keysOf(db, 't'));
  t.deepEqual([first?.subarray(0, 10), third?.subarray(0, 10)], [firstTreeKeyOf(0, 0), firstTreeKeyOf(0, 2)]);
  t.is(ofLevel1?.readUInt8(1), 1);
  t.deepEqual(await readAll(), tiles);

  // One leaf of each tile is gone.
  await inDatabase(dataDir, (db) =>
    db.batch([5, 261, 517].map((seq) => deleted(leafKey(seq, leafHashOf(`leaf ${seq}`).toString('hex'))))),
  );
  t.deepEqual(await readAll(), [tiles[0], 'JIMINI_STORE_CORRUPT', tiles[2]]);
  // What is no tile, and one of two, do not count.
  await inDatabase(dataDir, async (db) => {
    await db.put(first as Buffer, Buffer.alloc(8160));
    await db.put(treeKey(0, 2, node(1)), Buffer.alloc(8192));
  });
  t.deepEqual(
    await readAll(),
    Array.from({ length: 3 }, () => 'JIMINI_STORE_CORRUPT'),
  );
});

test('rows of the tree do not show among the leaves', async (t) => {
  const log = await createLevelLogStore(await temporaryDataDirectory()).open();
  await writeLeaves(log, createTreeEdge(), 600);
  t.deepEqual(
    (await log.lastRows(2)).map(({ seq }) => seq),
    [598, 599],
  );
  let count = 0;
  for await (const { key } of log.rawRows()) count += key.length === 41 ? 1 : 1_000_000;
  t.is(count, 600);
  await log.close();
});

const damages = test.macro(async (t, damage: (database: Database) => Promise<void>) => {
  const dataDir = await temporaryDataDirectory();
  const store = createLevelLogStore(dataDir);
  const first = await store.open();
  await writeLeaves(first, createTreeEdge(), 600);
  await first.close();
  await inDatabase(dataDir, damage);
  const log = await store.open();
  await t.throwsAsync(recoverEdge(log, 600), { code: 'JIMINI_STORE_CORRUPT' });
  await log.close();
});

const node = (index: number) => leafHashOf(`node ${index}`);
const nothing = Buffer.of();

test('a tree hash that is gone is noticed', damages, async (database) => {
  await database.del((await keysOf(database, 't\u0001'))[0] as Buffer);
});
test('a tree hash that is there twice is noticed', damages, async (database) => {
  await database.put(treeKey(1, 0, node(0)), nothing);
});
test('a key that is cut is noticed', damages, async (database) => {
  const key = (await keysOf(database, 't\u0001'))[0] as Buffer;
  await database.del(key);
  await database.put(key.subarray(0, 41), nothing);
});
test('a leaf that is gone is noticed', damages, async (database) => {
  await database.del(leafKey(599, leafHashOf('leaf 599').toString('hex')));
});
test('a leaf that is there twice is noticed', damages, async (database) => {
  await database.put(leafKey(599, node(599).toString('hex')), nothing);
});
