import test from 'ava';
import { GetInclusionProofRequest } from '../../proto/gen/jimini/v1/audit.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createControl } from '../../sidecar/wiring/control.js';
import { appendMany, openByClock, signed, stoppedClock } from '../audit/prune-rig.js';
import { until } from '../server/rig.js';
import { temporaryDataDirectory } from '../storage/temporary.js';

test('what proofs share is read once everything has started, before anybody asks for one', async (t) => {
  const auditLog = await openByClock(await temporaryDataDirectory(), stoppedClock(Date.UTC(2026, 2, 1)));
  await appendMany(auditLog, 600);
  await signed(auditLog);
  const levels: number[] = [];
  const readTile = auditLog.readTile.bind(auditLog);
  auditLog.readTile = (level, index, width) => {
    levels.push(level);
    return readTile(level, index, width);
  };
  const control = createControl({
    config: { control: { clients: {}, proxies: [] } } as never,
    tokens: { accepted: () => [] },
    auditLog,
    clock: systemClock,
    metrics: { controlRefused: () => undefined, malformed: () => undefined },
    logger: createLogger('silent'),
  });
  t.deepEqual(levels, []);
  control.begin();
  await until(() => levels.length > 0);
  t.deepEqual(levels.splice(0), [1]);

  const method = control.methods.get('/jimini.v1.AuditService/GetInclusionProof');
  await method?.handler(GetInclusionProofRequest.encode({ seq: 300n, treeSize: 0n }).finish(), undefined as never);
  t.deepEqual(levels, [0, 0], 'the tile of the leaf and the last one');
  await control.close();
  await auditLog.close('shutdown');
});
