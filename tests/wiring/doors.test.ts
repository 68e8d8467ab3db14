import test from 'ava';
import { CHECK_METHOD } from '../../mesh/ext-authz/handler.js';
import { EvaluateRequest } from '../../proto/gen/jimini/v1/policy.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { EVALUATE_PATH } from '../../sidecar/server/policy-service.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createMetrics } from '../../sidecar/telemetry/metrics.js';
import { createDoors, type DoorsOptions } from '../../sidecar/wiring/doors.js';

const nothing = {
  requestsInFlight: () => 0,
  logSize: () => 0,
  logFirstSeq: () => 0,
  logHealthy: () => true,
  diskSpace: () => undefined,
  diskLow: () => false,
  ballastBytes: () => 0,
  scrub: {
    checked: 0,
    damaged: new Set<number>(),
    damagedPayloads: new Set<number>(),
    unproven: new Set<number>(),
    passedMs: undefined,
    isStalled: false,
  },
  retentionHeldUp: () => true,
  signedSize: () => 0,
  unsignedForS: () => 0,
  discontinuity: () => undefined,
  cosignedSizes: () => [],
  atRisk: () => ({ records: 0, forS: 0 }),
  breakers: () => [],
  rulesByPack: () => [],
  killSwitch: () => undefined,
  maintenanceWindows: () => 0,
  acceptedTokens: () => 3,
  tokensUsable: () => true,
};

test('both doors judge for the configured tenant, which a reload changes and a message does not', async (t) => {
  let tenant = 'acme';
  const asked: string[] = [];
  const metrics = createMetrics({ version: '0', seedNames: false, sources: nothing });
  const loaded = { requiredPacks: [], routeOf: () => undefined };
  const policy = { denialMessage: 'reasons' };
  const inForce = (() => ({
    config: { trustedHeaders: [], tenant, tenants: {}, policy },
    loaded: { ...loaded },
  })) as unknown;
  const doors = createDoors({
    decisions: {
      decide(evaluation) {
        asked.push(`${evaluation.door} ${evaluation.tenant}`);
        return Promise.reject(new Error('no more is needed'));
      },
    },
    inForce: inForce as DoorsOptions['inForce'],
    metrics,
    logger: createLogger('silent'),
  });
  const call = { signal: AbortSignal.abort(), header: () => undefined };
  const message = EvaluateRequest.encode(EvaluateRequest.fromPartial({ metadata: { tenant: 'evil' } })).finish();
  for (tenant of ['acme', 'other']) {
    await doors
      .get(EVALUATE_PATH)
      ?.handler(message, call)
      .catch(() => undefined);
    await doors.get(CHECK_METHOD)?.handler(new Uint8Array(), call);
  }
  t.deepEqual(asked, ['evaluate acme', 'ext_authz acme', 'evaluate other', 'ext_authz other']);
});

test('what is turned away behind the doors is counted as overload, at both of them', async (t) => {
  const metrics = createMetrics({ version: '0', seedNames: false, sources: nothing });
  const config = { trustedHeaders: [], tenant: '', tenants: {}, policy: { denialMessage: 'reasons' } };
  const loaded = { requiredPacks: [], routeOf: () => undefined };
  const inForce = (() => ({ config, loaded })) as unknown as DoorsOptions['inForce'];
  const decide = () => Promise.reject(new JiminiError('JIMINI_OVERLOADED', 'too many wait'));
  const doors = createDoors({ decisions: { decide }, inForce, metrics, logger: createLogger('silent') });
  const call = { signal: AbortSignal.abort(), header: () => undefined };
  await doors.get(CHECK_METHOD)?.handler(new Uint8Array(), call);
  await t.throwsAsync(async () => doors.get(EVALUATE_PATH)?.handler(new Uint8Array(), call), {
    code: 'JIMINI_OVERLOADED',
  });
  t.true((await metrics.render()).body.includes('jimini_unrecorded_answers_total{reason="overloaded"} 2\n'));
});
