import test from 'ava';
import { daySegment } from '../../sidecar/audit/segment/day-segment.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { temporaryDataDirectory } from '../storage/temporary.js';
import { appendMany, DAY_MS, openByClock, stoppedClock } from './prune-rig.js';

const MIDNIGHT = Date.UTC(2026, 2, 1);

test('no segment is made from a stored tree that does not lead to the checkpoint', async (t) => {
  const clock = stoppedClock(MIDNIGHT);
  const log = await openByClock(await temporaryDataDirectory(), clock);
  for (const day of [0, 1, 2]) {
    await appendMany(log, 300, `day${day}-`);
    clock.goOn(DAY_MS);
  }
  while (log.signed.checkpoint?.size !== log.size) await new Promise((resolve) => setImmediate(resolve));
  const { note } = log.signed.checkpoint;
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
