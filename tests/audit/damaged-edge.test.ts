import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { LogPages } from '../../sidecar/audit/log-store.js';
import { refuseDamagedEdge } from '../../sidecar/audit/tree/damaged-edge.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { deleted, inDatabase, keysOf } from '../storage/database.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { createMemoryTree } from './tree/memory-tree.js';
import { leafHashOf } from './tree/reference.js';

const DAMAGED = {
  code: 'JIMINI_STORE_CORRUPT',
  message: /^the log is damaged: hash 0 of level 1 of its stored tree .* or with another/,
};

test('a start does not take a damaged hash of the tree for other leaves, nor sign what follows from it', async (t) => {
  const dataDir = await temporaryDataDirectory();
  const log = await openAuditLog(levelLogOptions(dataDir));
  await Promise.all(Array.from({ length: 300 }, (_, at) => log.append({ leafFields: decision(`r${at}`) })));
  await log.close('shutdown');
  const restore = await damageHash(dataDir, 0);
  await t.throwsAsync(openAuditLog(levelLogOptions(dataDir)), DAMAGED);
  await restore();
  const next = await openAuditLog(levelLogOptions(dataDir));
  t.is(next.signed.discontinuity, undefined, 'nothing was written meanwhile');
  await next.close('shutdown');
});

for (const [what, beside] of [
  ['behind the newest checkpoint', undefined],
  ['that nothing has signed', ['checkpoint.a', 'checkpoint.b']],
] as const) {
  test(`a damaged hash of or over leaves ${what} refuses a start after an unclean stop, a damaged leaf does not`, async (t) => {
    const [running, dataDir] = [await temporaryDataDirectory(), await temporaryDataDirectory()];
    const options = levelLogOptions(running);
    const never = () => () => {};
    const log = await openAuditLog({ ...options, signing: { ...options.signing, after: never } });
    await Promise.all(Array.from({ length: 600 }, (_, at) => log.append({ leafFields: decision(`r${at}`) })));
    t.is(log.signed.checkpoint?.size, 1);
    await cp(running, dataDir, { recursive: true });
    await log.close('shutdown');
    for (const name of beside ?? []) await rm(join(dataDir, name), { force: true });

    for (const [kind, at, message] of [
      ['tile', 1, /^the log is damaged: hash 1 of level 1 of its stored tree /],
      ['leaf', 520, /^the log is damaged: the hash of leaf 520 /],
    ] as const) {
      const restore = await damageHash(dataDir, at, kind);
      await t.throwsAsync(openAuditLog(levelLogOptions(dataDir)), { code: 'JIMINI_STORE_CORRUPT', message });
      await restore();
    }
    await inDatabase(dataDir, async (db) => db.put((await keysOf(db, 'l'))[520] as Buffer, Buffer.from('{}')));
    const next = await openAuditLog(levelLogOptions(dataDir));
    t.is(next.signed.discontinuity?.reason, beside && 'no_checkpoint');
    await next.close('shutdown');
  });
}

/** Changes one bit of a hash that a key holds: that over a tile of 256 leaves, or that of a leaf; gives what puts it right. */
async function damageHash(dataDir: string, at: number, kind: 'tile' | 'leaf' = 'tile'): Promise<() => Promise<void>> {
  const { right, value } = await inDatabase(dataDir, async (db) => {
    const hashes = (await keysOf(db, 't')).filter((key) => key[1] === 1);
    const key = (kind === 'leaf' ? await keysOf(db, 'l') : hashes)[at] as Buffer;
    return { right: key, value: (await db.get(key)) as Buffer };
  });
  const replace = (from: Buffer, to: Buffer) =>
    inDatabase(dataDir, (db) => db.batch([deleted(from), { type: 'put', key: to, value }]));
  const wrong = Buffer.from(right);
  wrong.writeUInt8(wrong.readUInt8(20) ^ 1, 20);
  await replace(right, wrong);
  return () => replace(wrong, right);
}

const LEAVES = 65_536 + 700;
const NO_LEAVES: LogPages = { page: async () => [] };

function damagedAt(reader: TileReader, at: { level: number; index: number }): TileReader {
  return {
    async readTile(level, index, width) {
      const tile = Buffer.from(await reader.readTile(level, index, width));
      const place = (at.index - index * 256) * 32;
      if (level === at.level && place >= 0 && place < tile.length) tile.writeUInt8(tile.readUInt8(place) ^ 1, place);
      return tile;
    },
  };
}

test('the hashes at the edge are held against the tiles below them, as far as those are there', async (t) => {
  const tree = createMemoryTree();
  for (let at = 0; at < LEAVES; at += 1) tree.append(leafHashOf(`leaf ${at % 1_000}`));
  const { reader } = tree;
  const check = (by: TileReader, firstSeq = 0) => refuseDamagedEdge({ ...by, ...NO_LEAVES }, LEAVES, firstSeq);
  await t.notThrowsAsync(check(reader));
  for (const at of [
    { level: 1, index: 256 },
    { level: 1, index: 257 },
    { level: 2, index: 0 },
    { level: 1, index: 3 },
  ]) {
    await t.throwsAsync(check(damagedAt(reader, at)), { code: 'JIMINI_STORE_CORRUPT' }, JSON.stringify(at));
  }
  const isNothing = (at: { level: number; index: number }, firstSeq: number) =>
    t.notThrowsAsync(check(damagedAt(reader, at), firstSeq));
  await isNothing({ level: 1, index: 256 }, 65_792);
  await isNothing({ level: 2, index: 0 }, 65_536);
  const without: TileReader = {
    readTile: async (level, index, width) => (level === 0 ? Buffer.alloc(0) : reader.readTile(level, index, width)),
  };
  await t.notThrowsAsync(check(without));
});
