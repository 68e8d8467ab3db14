// Appends, and removes what has become old, until it is killed; says on standard output what was acknowledged, one line at a time:
// node build/tests/audit/prune-child.js DATA_DIR RUN
import { writeSync } from 'node:fs';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { DAY_MS, openByClock, RETENTION_MS, steppedPruner, stoppedClock } from './prune-rig.js';
import { decision } from './records.js';

const AT_ONCE = 48;
const [dataDir = '', run = ''] = process.argv.slice(2);
// Each run is later than the one before, however much time passes in it.
const clock = stoppedClock(1_700_000_000_000 + Number(run) * 10_000 * DAY_MS);
const log = await openByClock(dataDir, clock);
const { step } = steppedPruner(log, clock);
for (let round = 0; ; round += 1) {
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => append(`${run}-${round}-${at}`)));
  clock.goOn(round % 8 === 0 ? RETENTION_MS : LIMITS.pruneGraceMs);
  await step();
}

async function append(route: string): Promise<void> {
  const { seq } = await log.append({ leafFields: decision(route) });
  writeSync(1, `${seq} ${route}\n`);
}
