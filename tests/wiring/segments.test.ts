import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { startSegments } from '../../sidecar/wiring/segments.js';
import { appendMany, DAY_MS, openByClock, signed, stoppedClock } from '../audit/prune-rig.js';
import { runLogCommand as jimini } from '../audit/run-log.js';
import { until } from '../server/rig.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';

const MIDNIGHT = Date.UTC(2026, 2, 1);

test.serial('a day is written once it is over, as a whole, and goes when it is too old', async (t) => {
  const clock = stoppedClock(MIDNIGHT);
  const auditLog = await openByClock(await temporaryDataDirectory(), clock);
  await appendMany(auditLog, 40);
  const dir = temporaryDirectory();
  const folder = join(dir, auditLog.logId);
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => lines.push(line) } as never);
  mock.timers.enable({ apis: ['setInterval'] });
  const config = { dir, retentionDays: 190 };
  const segments = await startSegments({
    auditLog,
    config,
    clock,
    removalClock: clock,
    logger,
    onFailure: () => undefined,
  });
  const tick = () => mock.timers.tick(LIMITS.segmentTickMs);

  // The first day is not over, and the one before it has no leaves.
  tick();
  t.deepEqual(readdirSync(folder), []);
  clock.goOn(DAY_MS);
  await appendMany(auditLog, 10);
  await signed(auditLog);
  // What a process that was killed has left does not stand in the way.
  mkdirSync(join(folder, '.unfinished-x'));
  const day = join(folder, '2026-03-01');
  const told = () => lines.filter((line) => line.includes('the segment of a day is written')).length;
  await until(() => {
    tick();
    return told() > 0;
  });
  t.deepEqual(readdirSync(folder), ['2026-03-01']);
  t.deepEqual(readdirSync(day).sort(), ['checkpoint', 'entries.jsonl', 'key.pub', 'segment.json']);
  t.is(readFileSync(join(day, 'entries.jsonl'), 'utf8').split('\n').length, 42);
  const verified = jimini('verify', '--export', day);
  t.is(verified.exit, 0, verified.stdout + verified.stderr);

  const { ino } = statSync(day);
  clock.goOn(190 * DAY_MS);
  for (let ticks = 0; ticks < 5; ticks += 1) tick();
  t.is(statSync(day).ino, ino, 'the last day on which it is kept');
  t.is(told(), 1);
  clock.goOn(DAY_MS);
  await until(() => {
    tick();
    return !existsSync(day);
  });
  segments?.close();
  mock.timers.reset();
  await auditLog.close('shutdown');
});

test.serial(
  'a directory that cannot be used is named, with why, counted at each attempt, and forgotten once it can',
  async (t) => {
    const auditLog = { logId: 'a'.repeat(26), removal: { boundary: { minSeq: 0 } }, signed: { keys: [] } } as never;
    const config = { dir: temporaryDirectory(), retentionDays: 190 };
    const folder = join(config.dir, 'a'.repeat(26));
    const lines: string[] = [];
    const logger = createLogger('info', { write: (line: string) => lines.push(line) } as never);
    mock.timers.enable({ apis: ['setInterval'] });
    const clock = stoppedClock();
    let failures = 0;
    const onFailure = () => {
      failures += 1;
    };
    const segments = await startSegments({ auditLog, config, clock, removalClock: clock, logger, onFailure });
    const attempt = (hasEnded: () => boolean) =>
      until(() => {
        clock.goOn(LIMITS.segmentRetryMs);
        mock.timers.tick(LIMITS.segmentTickMs);
        return hasEnded();
      });
    t.is(segments?.failure, undefined);
    rmSync(folder, { recursive: true });
    await attempt(() => failures > 1);
    t.is(lines.length, 1);
    const found = /log\.segments\.dir: \S+\/a{26} cannot be used \(ENOENT, scandir\): see that it is there/;
    t.regex(lines[0] ?? '', found);
    t.regex(segments?.failure?.message ?? '', found);
    // Whether the log has leaves of yesterday is another question.
    mkdirSync(join(folder, new Date(clock.nowMs() - DAY_MS).toISOString().slice(0, 10)), { recursive: true });
    await attempt(() => segments?.failure === undefined);
    segments?.close();
    mock.timers.reset();
  },
);

test.serial('without a directory nothing is written', async (t) => {
  const config = { dir: '', retentionDays: 190 };
  const clock = stoppedClock();
  const logger = createLogger('silent');
  t.is(
    await startSegments({
      auditLog: {} as never,
      config,
      clock,
      removalClock: clock,
      logger,
      onFailure: () => undefined,
    }),
    undefined,
  );
});
