import { mock } from 'node:test';
import test from 'ava';
import type { Witnesses } from '../../sidecar/audit/witness/witnesses.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { startRetention } from '../../sidecar/wiring/retention.js';
import { appendMany, DAY_MS, openByClock, signed, stoppedClock } from '../audit/prune-rig.js';
import { temporaryDataDirectory } from '../storage/temporary.js';

const ROUNDS = 12;

/** A log of 600 old leaves with retention, and what lets some minutes of it pass. */
async function retained(retentionDays: number, sizes?: () => Iterable<readonly [string, number]>) {
  const clock = stoppedClock();
  const auditLog = await openByClock(await temporaryDataDirectory(), clock);
  await appendMany(auditLog, 599);
  clock.goOn(8 * DAY_MS);
  mock.timers.enable({ apis: ['setInterval'] });
  const witnesses = sizes && ({ sizes } as Witnesses);
  const logger = createLogger('silent');
  const pruner = startRetention({ auditLog, witnesses, retentionDays, clock, logger });
  /** Until something has happened, or for some rounds in which it could have. */
  const pass = async (hasHappened?: () => boolean | Promise<boolean>) => {
    for (let round = 0; hasHappened ? !(await hasHappened()) : round < ROUNDS; round += 1) {
      await signed(auditLog);
      mock.timers.tick(LIMITS.pruneTickMs);
      await auditLog.page(0, 1);
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      clock.goOn(LIMITS.pruneGraceMs);
    }
  };
  const close = async () => {
    pruner.close();
    mock.timers.reset();
    await auditLog.close('shutdown');
  };
  return { auditLog, pass, close };
}

test.serial('leaves older than the retention go, and without retention none', async (t) => {
  for (const [days, firstSeq] of [
    [0, 0],
    [9, 0],
    [7, 512],
  ] as const) {
    const { auditLog, pass, close } = await retained(days);
    const first = async () => (await auditLog.page(0, 1))[0]?.seq;
    await pass(firstSeq > 0 ? async () => (await first()) === firstSeq : undefined);
    t.is(await first(), firstSeq, `${days} days`);
    t.is(auditLog.removal.boundary.minSeq, firstSeq);
    await close();
  }
});

test.serial('what one of the witnesses has not cosigned stays', async (t) => {
  const cosigned = new Map([
    ['quick', 10_000],
    ['slow', 300],
  ]);
  const { auditLog, pass, close } = await retained(7, () => cosigned);
  // A leaf says what may go: as much as both have cosigned.
  await pass(() => auditLog.size === 601);
  await pass();
  t.is(auditLog.removal.boundary.minSeq, 0);
  cosigned.set('slow', 601);
  await pass(() => auditLog.removal.boundary.minSeq > 0);
  t.is(auditLog.removal.boundary.minSeq, 256);
  await close();
});
