import type { Config } from '../config/config.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { HealthState } from './health.js';
import type { Judging } from './judging.js';
import type { LoadedPolicy } from './load-policy.js';
import type { ReloadOptions } from './reload.js';

/** What is in force now. Both change together at a reload. */
export interface InForce {
  config: Config;
  loaded: LoadedPolicy;
}

/** The parts that a reload changes. */
export interface AdoptionOptions {
  readonly inForce: InForce;
  readonly judging: Judging;
  readonly logger: Logger;
  readonly state: HealthState;
  readonly metrics: Metrics;
}

/** What is done with a reload that was read, or refused. */
export function createAdoption(options: AdoptionOptions): Pick<ReloadOptions, 'apply' | 'refuse'> {
  const { inForce, judging, logger, state, metrics } = options;
  return {
    async apply(config, loaded) {
      const judgeByIt = await judging.prepare(loaded);
      Object.assign(inForce, { config, loaded });
      judgeByIt();
      logger.level = config.logLevel;
      state.refusal = undefined;
      metrics.reloaded('applied');
    },
    refuse(refusal) {
      state.refusal = refusal;
      metrics.reloaded('refused');
    },
  };
}
