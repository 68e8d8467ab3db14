import test from 'ava';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createRemovalClock } from '../../sidecar/wiring/removal-clock.js';
import { DAY_MS, stoppedClock } from '../audit/prune-rig.js';

const START_MS = 1_700_000_000_000;
const YEAR_MS = 365 * DAY_MS;

/** A clock whose wall time can be set, and one for removals, over a log whose leaves are of these times; those before `firstSeq` were removed. */
async function removalClock(leafTimes: readonly (number | undefined)[], { startMs = START_MS, firstSeq = 0 } = {}) {
  const passed = stoppedClock(startMs);
  let setByMs = 0;
  const clock = { nowMs: () => passed.nowMs() + setByMs, monotonicNs: () => passed.monotonicNs() };
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => lines.push(line) } as never);
  const read: number[] = [];
  const page = async (seq: number) => {
    read.push(seq);
    return [{ seq, hash: '', bytes: Buffer.from(JSON.stringify({ time_ms: leafTimes[seq] })) }];
  };
  const removal = { boundary: { minSeq: firstSeq, pruneSeq: 0 } };
  const cautious = await createRemovalClock({ auditLog: { size: leafTimes.length, page, removal }, clock, logger });
  const set = (ms: number) => {
    setByMs = ms;
  };
  return { cautious, lines, goOn: passed.goOn, set, read };
}

test('a start with a clock that is a year ahead of the newest leaf removes nothing for a day, and says so once', async (t) => {
  const { cautious, lines, goOn } = await removalClock([START_MS - YEAR_MS]);
  t.is(cautious.nowMs(), START_MS - YEAR_MS);
  goOn(DAY_MS - 1);
  t.is(cautious.nowMs(), START_MS - YEAR_MS + DAY_MS - 1);
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /"aheadHours":8760,.*see that the time is right/);
  goOn(1);
  t.is(cautious.nowMs(), START_MS + DAY_MS);
});

test('a clock that is set ahead and then right again was never believed', async (t) => {
  const { cautious, lines, goOn, set } = await removalClock([]);
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
  const { cautious, lines, goOn, set } = await removalClock([START_MS]);
  goOn(DAY_MS);
  t.is(cautious.nowMs(), START_MS + DAY_MS);
  goOn(430 * DAY_MS);
  t.is(cautious.nowMs(), START_MS + 431 * DAY_MS);
  set(-YEAR_MS);
  t.is(cautious.nowMs(), START_MS + 431 * DAY_MS - YEAR_MS);
  t.deepEqual(lines, []);
});

const HOUR_MS = DAY_MS / 24;
const WRONG_MS = START_MS + YEAR_MS;
/** Leaves of some minutes up to the start. */
const BEFORE = Array.from({ length: 1_000 }, (_, at) => START_MS - (1_000 - at) * 60_000);
/** What a run has written whose clock was a year ahead, in its first hours. */
const ahead = (hours: number) => Array.from({ length: hours * 60 + 1 }, (_, at) => WRONG_MS + at * 60_000);

test('another start under the same wrong clock waits for what is left of the day, and says so again', async (t) => {
  for (const hours of [0, 1, 23]) {
    const startMs = WRONG_MS + hours * HOUR_MS;
    const { cautious, goOn, lines, read } = await removalClock([...BEFORE, ...ahead(hours)], { startMs });
    t.is(cautious.nowMs(), START_MS - 60_000);
    t.is(lines.length, 1);
    goOn((24 - hours) * HOUR_MS - 1);
    t.true(cautious.nowMs() < START_MS + DAY_MS);
    goOn(1);
    t.is(cautious.nowMs(), WRONG_MS + DAY_MS);
    t.is(lines.length, 1);
    t.true(read.length < 20, `${read.length} leaves are read`);
  }
});

test('a start a day after the clock said so first believes it', async (t) => {
  const startMs = WRONG_MS + DAY_MS;
  const { cautious, lines } = await removalClock([...BEFORE, ...ahead(23)], { startMs });
  t.is(cautious.nowMs(), startMs);
  const { cautious: later } = await removalClock([...BEFORE, ...ahead(25)], { startMs: startMs + HOUR_MS });
  t.is(later.nowMs(), startMs + HOUR_MS);
  t.deepEqual(lines, []);
});

test('a start whose clock has jumped once more waits for a whole day', async (t) => {
  const startMs = WRONG_MS + YEAR_MS;
  const { cautious, goOn } = await removalClock([...BEFORE, ...ahead(12)], { startMs });
  t.true(cautious.nowMs() < START_MS);
  goOn(DAY_MS - 1);
  t.true(cautious.nowMs() < START_MS + DAY_MS);
  goOn(1);
  t.is(cautious.nowMs(), startMs + DAY_MS);
});

test('of short runs a week apart, the time at which the run before the last ended is believed', async (t) => {
  const WEEK_MS = 7 * DAY_MS;
  const runs = [0, 1, 2].flatMap((week) => ahead(3).map((ms) => ms + week * WEEK_MS));
  const { cautious, goOn, lines } = await removalClock(runs, { startMs: WRONG_MS + 3 * WEEK_MS });
  goOn(2 * HOUR_MS);
  t.is(cautious.nowMs(), WRONG_MS + WEEK_MS + 5 * HOUR_MS);
  t.is(lines.length, 1);
});

test('a start whose clock was set right again is believed', async (t) => {
  const { cautious, lines } = await removalClock([...BEFORE, ...ahead(12)], { startMs: START_MS + 12 * HOUR_MS });
  t.is(cautious.nowMs(), START_MS + 12 * HOUR_MS);
  t.deepEqual(lines, []);
});

test('leaves that were removed say nothing of the clock, and one that does not tell its time is passed over', async (t) => {
  const leaves: (number | undefined)[] = [...BEFORE, ...ahead(1)];
  const startMs = WRONG_MS + HOUR_MS;
  const removed = await removalClock(leaves, { startMs, firstSeq: BEFORE.length });
  t.is(removed.cautious.nowMs(), startMs);
  t.true(removed.read.every((seq) => seq >= BEFORE.length));
  for (const untold of [530, BEFORE.length - 1, BEFORE.length]) {
    const { cautious, goOn } = await removalClock(leaves.with(untold, undefined), { startMs });
    t.true(cautious.nowMs() < START_MS, `leaf ${untold}`);
    goOn(DAY_MS);
    t.is(cautious.nowMs(), startMs + DAY_MS);
  }
});
