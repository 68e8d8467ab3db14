import { CHECK_METHOD, createCheckHandler } from '../../mesh/ext-authz/handler.js';
import type { CheckSettings } from '../../mesh/ext-authz/read-check.js';
import { overloadedCheckResponse } from '../../mesh/ext-authz/write-check.js';
import type { Config } from '../config/config.js';
import { apiPathLabel } from '../content/api-path-label.js';
import { readRequestPath } from '../content/request-path.js';
import type { DecisionPort } from '../kernel/decision-port.js';
import { JiminiError } from '../kernel/errors.js';
import { createTenantFinder } from '../policy/tenants.js';
import type { UnaryMethod } from '../server/grpc-server.js';
import { createPolicyService, EVALUATE_PATH, LIST_RULES_PATH, overloaded } from '../server/policy-service.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { RpcMethods } from '../telemetry/tracing.js';
import type { LoadedPolicy } from './load-policy.js';
import { readStatedEndpoint } from './stated-endpoint.js';

/** What the doors need of the parts behind them. */
export interface DoorsOptions {
  readonly decisions: DecisionPort;
  /** What is in force now; read for each call, so that a reload needs no new doors. */
  readonly inForce: () => { readonly config: Config; readonly loaded: LoadedPolicy };
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The methods that ask for decisions. A span has the name as in protobuf, without the slash that begins a path. */
export const RPC_METHODS: RpcMethods = { ext_authz: CHECK_METHOD.slice(1), evaluate: EVALUATE_PATH.slice(1) };

/** The methods of the data port: Envoy's Check beside our own service. */
export function createDoors({ inForce, metrics, logger, ...rest }: DoorsOptions): ReadonlyMap<string, UnaryMethod> {
  const decisions = countingOverload(rest.decisions, metrics);
  const check = createCheckHandler({
    decisionPort: decisions,
    settings: checkSettings(inForce),
    onFault: ({ code }) => logger.error({ code }, 'a check could not be answered by policy and was denied'),
  });
  const service = createPolicyService({
    decisions,
    tenant: () => inForce().config.tenant,
    onMalformed: metrics.malformed,
    readEndpoint: (stated) => readStatedEndpoint(stated, inForce().loaded.routeOf),
    listRules: () => {
      const { policy } = inForce().loaded.snapshot;
      return {
        rules: policy.rules.map((rule) => ({ ...rule, tags: [...rule.tags] })),
        policyRevision: policy.revision,
      };
    },
  });
  return new Map<string, UnaryMethod>([
    [CHECK_METHOD, { handler: check, overloaded: overloadedCheckResponse }],
    [EVALUATE_PATH, { handler: service.evaluate, overloaded }],
    [LIST_RULES_PATH, { handler: service.listRules, overloaded }],
  ]);
}

/** What is turned away behind the doors counts as what the listeners turn away before them. */
function countingOverload(decisions: DecisionPort, metrics: Metrics): DecisionPort {
  return {
    decide: (evaluation) =>
      decisions.decide(evaluation).catch((error) => {
        if (JiminiError.from(error).code === 'JIMINI_OVERLOADED') metrics.overloaded();
        throw error;
      }),
  };
}

/** Made once per reload, not once per check. */
function checkSettings(inForce: DoorsOptions['inForce']): () => CheckSettings {
  let of: LoadedPolicy | undefined;
  let settings: CheckSettings | undefined;
  return () => {
    const { config, loaded } = inForce();
    if (settings && of === loaded) return settings;
    of = loaded;
    settings = {
      requiredPacks: loaded.requiredPacks,
      trustedHeaders: new Set(config.trustedHeaders),
      tenant: config.tenant,
      tenantOf: createTenantFinder(config.tenants),
      tellsReasons: config.policy.denialMessage === 'reasons',
      readPath: readRequestPath,
      pathLabel: apiPathLabel,
      routeOf: loaded.routeOf,
    };
    return settings;
  };
}
