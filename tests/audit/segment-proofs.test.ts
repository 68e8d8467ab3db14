import test from 'ava';
import type { LogPages } from '../../sidecar/audit/log-store.js';
import { daySegment } from '../../sidecar/audit/segment/day-segment.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { appendMany, DAY_MS, openByClock, signed, stoppedClock } from './prune-rig.js';

const MIDNIGHT = Date.UTC(2026, 2, 1);

test('no segment is made from a stored tree that does not lead to the checkpoint', async (t) => {
  const clock = stoppedClock(MIDNIGHT);
  const log = await openByClock(await temporaryDataDirectory(), clock);
  for (const day of [0, 1, 2]) {
    await appendMany(log, 300, `day${day}-`);
    clock.goOn(DAY_MS);
  }
  await signed(log);
  const note = log.signed.checkpoint?.note;
  const segmentWith = (change: (tile: Buffer, level: number, index: number) => Buffer) => {
    const readTile: TileReader['readTile'] = async (level, index, width) =>
      change(Buffer.from(await log.readTile(level, index, width)), level, index);
    const page = log.page.bind(log);
    const keptKeyLeaves = log.keptKeyLeaves.bind(log);
    const source = { log: { readTile, page, keptKeyLeaves }, firstSeq: 0, checkpoint: note, publicKeys: undefined };
    return daySegment(source, '2026-03-02');
  };
  const segment = await segmentWith((tile) => tile);
  t.true(segment !== undefined && segment.first > 256 && segment.end < log.size);
  for (const [damagedLevel, damagedIndex] of [
    [1, 0],
    [0, 1],
    [0, 2],
  ]) {
    const damaged = segmentWith((tile, level, index) => {
      if (level === damagedLevel && index === damagedIndex) tile.writeUInt8(tile.readUInt8(0) ^ 1, 0);
      return tile;
    });
    await t.throwsAsync(damaged, { code: 'JIMINI_STORE_CORRUPT', message: /run `jimini log verify`$/ });
  }
  await log.close('shutdown');
});

test('a leaf that does not hold is no part of a segment', async (t) => {
  const clock = stoppedClock(MIDNIGHT);
  const log = await openByClock(await temporaryDataDirectory(), clock);
  await appendMany(log, 20);
  await signed(log);
  const checkpoint = log.signed.checkpoint?.note;
  const page: LogPages['page'] = async (seq, count) =>
    (await log.page(seq, count)).map((row) =>
      row.seq === 7 ? { ...row, bytes: Buffer.from(Buffer.from(row.bytes).toString().replace('BLOCK', 'ALLOW')) } : row,
    );
  const readTile = log.readTile.bind(log);
  const keptKeyLeaves = log.keptKeyLeaves.bind(log);
  const source = { log: { readTile, page, keptKeyLeaves }, firstSeq: 0, checkpoint, publicKeys: undefined };
  const segment = await daySegment(source, '2026-03-01');
  const written: Uint8Array[] = [];
  const write = async () => {
    for await (const leaf of segment?.leaves() ?? []) written.push(leaf);
  };
  await t.throwsAsync(write(), { code: 'JIMINI_STORE_CORRUPT', message: /the leaf at 7 is damaged/ });
  t.is(written.length, 7);
  await log.close('shutdown');
});
