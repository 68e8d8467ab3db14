import test from 'ava';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createRemovalClock } from '../../sidecar/wiring/removal-clock.js';
import { DAY_MS, stoppedClock } from '../audit/prune-rig.js';

const START_MS = 1_700_000_000_000;
const YEAR_MS = 365 * DAY_MS;

/** A clock whose wall time can be set, and one for removals, over a log whose newest leaf is of `newestMs`. */
async function removalClock(newestMs: number | undefined) {
  const passed = stoppedClock(START_MS);
  let setByMs = 0;
  const clock = { nowMs: () => passed.nowMs() + setByMs, monotonicNs: () => passed.monotonicNs() };
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => lines.push(line) } as never);
  const bytes = Buffer.from(JSON.stringify({ time_ms: newestMs }));
  const auditLog = { size: newestMs === undefined ? 0 : 1, page: async () => [{ seq: 0, hash: '', bytes }] };
  const cautious = await createRemovalClock({ auditLog, clock, logger });
  const set = (ms: number) => {
    setByMs = ms;
  };
  return { cautious, lines, goOn: passed.goOn, set };
}

test('a start with a clock that is a year ahead of the newest leaf removes nothing for a day, and says so once', async (t) => {
  const { cautious, lines, goOn } = await removalClock(START_MS - YEAR_MS);
  t.is(cautious.nowMs(), START_MS - YEAR_MS);
  goOn(DAY_MS - 1);
  t.is(cautious.nowMs(), START_MS - YEAR_MS + DAY_MS - 1);
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /"aheadHours":8760,.*see that the time is right/);
  goOn(1);
  t.is(cautious.nowMs(), START_MS + DAY_MS);
});

test('a clock that is set ahead and then right again was never believed', async (t) => {
  const { cautious, lines, goOn, set } = await removalClock(undefined);
  t.is(cautious.nowMs(), START_MS);
  goOn(DAY_MS);
  set(YEAR_MS);
  t.is(cautious.nowMs(), START_MS + DAY_MS);
  goOn(DAY_MS / 2);
  set(0);
  t.is(cautious.nowMs(), START_MS + 1.5 * DAY_MS);
  // Another time it counts from the beginning.
  set(YEAR_MS);
  goOn(DAY_MS / 2);
  t.is(cautious.nowMs(), START_MS + 2 * DAY_MS);
  goOn(DAY_MS / 2);
  t.is(cautious.nowMs(), START_MS + 2.5 * DAY_MS);
  t.is(lines.length, 2);
});

test('a clock that goes on as time does, or is set back, is believed', async (t) => {
  const { cautious, lines, goOn, set } = await removalClock(START_MS);
  goOn(DAY_MS);
  t.is(cautious.nowMs(), START_MS + DAY_MS);
  goOn(430 * DAY_MS);
  t.is(cautious.nowMs(), START_MS + 431 * DAY_MS);
  set(-YEAR_MS);
  t.is(cautious.nowMs(), START_MS + 431 * DAY_MS - YEAR_MS);
  t.deepEqual(lines, []);
});
