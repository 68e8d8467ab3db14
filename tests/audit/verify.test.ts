import test from 'ava';
import fc from 'fast-check';
import { entriesOfLines, entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import { type Entry, verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { leafKey } from '../../sidecar/storage/leaf-key.js';
import { treeKey } from '../../sidecar/storage/tree-key.js';
import { asLines, leafHashOf, plainLog, treeOf } from './signed-logs.js';

const leaves = plainLog(6);

async function verifyLines(bytes: Uint8Array) {
  async function* chunks() {
    yield bytes;
  }
  return verifyEntries(entriesOfLines(chunks()));
}

test('a chain alone holds, whether or not it is signed', async (t) => {
  const last = { seq: 5, hash: leafHashOf(leaves[5] as Buffer), kind: 'close' };
  const report = await verifyLines(asLines(leaves));
  t.like(report, { status: 'ok', entries: 6, last, epoch: 1, opaque: 0, gaps: 0 });
  t.is(report.signedSize, undefined);
  t.like(await verifyLines(asLines(leaves.slice(0, 4))), { status: 'ok', entries: 4, last: { kind: 'decision' } });
  t.is((await verifyLines(new Uint8Array(0))).status, 'bad input');
});

test('progress is told while a long log is read', async (t) => {
  const told: number[] = [];
  const entries = plainLog(66_000).map((bytes, seq) => ({ seq, bytes }));
  t.is((await verifyEntries(entries, (count) => told.push(count))).status, 'ok');
  t.deepEqual(told, [65_536]);
});

test('every single flipped bit of a database is caught, that of the last leaf included', async (t) => {
  const pairs = leaves.map((leaf, seq) => ({ key: leafKey(seq, leafHashOf(leaf)), value: Buffer.from(leaf) }));
  const verifyPairs = () => {
    async function* read() {
      yield* pairs;
    }
    return verifyEntries(entriesOfPairs(read()));
  };
  t.is((await verifyPairs()).status, 'ok');
  for (const part of pairs.slice(-2).flatMap(({ key, value }) => [key, value])) {
    for (let bit = 0; bit < part.length * 8; bit += 1) {
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      t.is((await verifyPairs()).status, 'tampered', `bit ${bit}`);
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
});

test('a foreign key among the leaves is caught', async (t) => {
  const entry: Entry = { seq: 0, bytes: leaves[0] as Buffer };
  t.is((await verifyEntries([entry])).status, 'ok');
  t.is((await verifyEntries([entry, { ...entry, seq: undefined }])).fault?.rule, 'key');
  t.is((await verifyEntries([entry, entry])).fault?.rule, 'seq');
});

test('whatever the bytes are, the verifier gives a report', async (t) => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...leaves.map(String), '\n', '{', '"v":1').map((text) => Buffer.from(text)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const { status } = await verifyLines(Buffer.concat(parts));
      return ['ok', 'tampered', 'bad input'].includes(status);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('lines are the same however the file is read', async (t) => {
  const bytes = asLines(leaves);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 20, maxLength: 40 }), async (sizes) => {
      async function* chunks() {
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          yield bytes.subarray(at, at + size);
          at += size;
        }
      }
      return (await verifyEntries(entriesOfLines(chunks()))).status === 'ok';
    }),
    { numRuns: 100 },
  );
  t.pass();
});

const LONG = plainLog(66_000);

/** Rows of the tree over 66,000 leaves as a database has them: the tiles of leaf hashes, level 1, level 2. */
function treeRows(): { key: Buffer; value: Buffer }[] {
  const { edge } = treeOf([]);
  const hashes = LONG.map((leaf) => Buffer.from(leafHashOf(leaf), 'hex'));
  const nodes = hashes.flatMap((hash) => edge.append(hash));
  const rows = nodes.map(({ level, index, hash }) => ({ key: treeKey(level, index, hash), value: Buffer.alloc(0) }));
  const tiles = nodes.flatMap(({ level, index, hash }) => {
    const value = Buffer.concat(hashes.slice(index * 256, (index + 1) * 256));
    return level === 1 ? [{ key: treeKey(0, index, hash), value }] : [];
  });
  return [...rows, ...tiles].sort((a, b) => a.key.compare(b.key));
}

const STORED = treeRows();
const TILES = 257;

const rowsHold = test.macro(async (t, change: (rows: typeof STORED) => typeof STORED, found?: RegExp) => {
  const rows = change(STORED.map(({ key, value }) => ({ key: Buffer.from(key), value })));
  async function* read(level?: number) {
    yield* rows.filter(({ key }) => level === undefined || key[1] === level);
  }
  const entries = LONG.map((bytes, seq) => ({ seq, bytes }));
  const report = await verifyEntries(entries, undefined, { claims: [], keys: [], treeRows: read });
  // Nothing is signed here, so that the end of the log is what is found when the stored tree holds.
  t.is(report.fault?.rule, found ? 'tree' : 'checkpoint');
  if (found) t.regex(report.fault?.found ?? '', found);
});

test('the stored tree as it was written holds', rowsHold, (rows) => rows);
test(
  'a stored hash that is gone is missed',
  rowsHold,
  (rows) => rows.toSpliced(TILES + 100, 1),
  /^hash 100 of level 1 /,
);
test('the last stored hash that is gone is missed', rowsHold, (rows) => rows.slice(0, -1), /^hash 0 of level 2 /);
test('no stored hash at all is noticed', rowsHold, () => [], /^hash 0 of level 1 /);
test('a stored hash of the future is noticed', rowsHold, (rows) => [...rows, row(1, 257)], /259 hashes.* give 258$/);
test('a stored hash of a level of the future is noticed', rowsHold, (rows) => [...rows, row(9, 0)], /259 hashes/);
test(
  'a stored hash twice is noticed',
  rowsHold,
  (rows) => rows.toSpliced(TILES + 7, 0, row(1, 7)),
  /^hash (7|8) of level 1 /,
);
test(
  'a stored hash with a value is noticed',
  rowsHold,
  (rows) => rows.with(TILES + 9, { ...rows[TILES + 9], value: Buffer.of(0) } as never),
  /^hash 9 /,
);
test(
  'a flipped bit of a stored hash is noticed',
  rowsHold,
  (rows) => rows.with(TILES + 9, flipped(rows[TILES + 9]?.key)),
  /^hash 9 /,
);

// Logs that were begun by an earlier version have none.
test('tiles may be missing', rowsHold, (rows) => rows.slice(TILES));
test('one tile may be missing', rowsHold, (rows) => rows.toSpliced(7, 1));
const anotherTile = (index: number) => new RegExp(`^tile ${index} of the leaf hashes is another one$`);
test(
  'a tile with another key is noticed',
  rowsHold,
  (rows) => rows.with(9, { ...rows[9], ...flipped(rows[9]?.key) }),
  anotherTile(9),
);
test(
  'a flipped bit of a tile is noticed',
  rowsHold,
  (rows) =>
    rows.with(
      9,
      tileOf(rows[9], (tile) => tile.writeUInt8(tile.readUInt8(77) ^ 1, 77)),
    ),
  anotherTile(9),
);
test(
  'a tile that is cut is noticed',
  rowsHold,
  (rows) =>
    rows.with(
      9,
      tileOf(rows[9], (tile) => tile.subarray(0, 8160)),
    ),
  anotherTile(9),
);
test('a tile twice is noticed', rowsHold, (rows) => rows.toSpliced(7, 0, row(0, 7)), anotherTile(7));
test(
  'a key that is none before the tiles is noticed',
  rowsHold,
  (rows) => [{ key: Buffer.of(0x74, 0), value: Buffer.of() }, ...rows],
  anotherTile(0),
);
test('a tile of the future is noticed', rowsHold, (rows) => [...rows, row(0, 257)], /259 hashes.* give 258$/);

function tileOf(stored: (typeof STORED)[number] | undefined, change: (tile: Buffer) => Buffer | number) {
  const tile = Buffer.from(stored?.value ?? []);
  const changed = change(tile);
  return { key: stored?.key ?? Buffer.of(), value: typeof changed === 'number' ? tile : changed };
}

function row(level: number, index: number) {
  return { key: treeKey(level, index, Buffer.alloc(32)), value: Buffer.alloc(0) };
}

function flipped(stored: Uint8Array | undefined) {
  const key = Buffer.from(stored ?? []);
  key.writeUInt8(key.readUInt8(41) ^ 1, 41);
  return { key, value: Buffer.alloc(0) };
}

test('a store that cannot be read to its end is a finding, other errors are not', async (t) => {
  async function* failing(code: string) {
    yield { seq: 0, bytes: leaves[0] as Buffer };
    throw Object.assign(new Error('no'), { code });
  }
  t.like(await verifyEntries(failing('JIMINI_STORE_CORRUPT')), {
    status: 'tampered',
    entries: 1,
    fault: { rule: 'store' },
  });
  await t.throwsAsync(verifyEntries(failing('EIO')), { message: 'no' });
});
