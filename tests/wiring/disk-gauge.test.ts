import test from 'ava';
import { openBallast } from '../../sidecar/storage/ballast.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createDiskGauge } from '../../sidecar/wiring/disk-gauge.js';
import { temporaryDirectory } from '../storage/temporary.js';

test('who looks at the disk behind a burst of leaves does not take it for the rate of the log', async (t) => {
  const directory = temporaryDirectory();
  let leaves = 0;
  const gauge = await createDiskGauge(directory, {
    minFreeBytes: 1,
    leaves: () => leaves,
    ballast: await openBallast(directory, 1024),
    logger: createLogger('silent'),
  });
  leaves = 1e9;
  await gauge.look();
  t.is(gauge.shortage(), undefined);
  t.true((gauge.read()?.freeBytes ?? 0) > 0);
  gauge.close();
});
