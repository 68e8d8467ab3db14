import type { Clock } from '../kernel/clock.js';
import type { DecisionPort } from '../kernel/decision-port.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Control } from './control.js';
import { createDoors, type DoorsOptions } from './doors.js';
import { type HealthSources, healthReport, notReady } from './health.js';
import { createListeners, type Listeners } from './listeners.js';
import { createFaultReporter, createTlsRefusalReporter } from './reporters.js';

/** What is behind the listeners. */
export interface ServingOptions {
  readonly decisions: DecisionPort;
  readonly inForce: DoorsOptions['inForce'];
  readonly control: Control;
  readonly health: HealthSources;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The listeners with all that they serve; nothing listens yet. */
export function createServing(options: ServingOptions): Promise<Listeners> {
  const { decisions, inForce, control, health, metrics, clock, logger } = options;
  const reportTlsRefusal = createTlsRefusalReporter(logger, clock);
  return createListeners({
    config: inForce().config,
    control,
    methods: createDoors({ decisions, inForce, metrics, logger }),
    onOverload: metrics.overloaded,
    identity: health.certificates?.identity(),
    onRefused: (listener, reason, clientId) => {
      metrics.tlsRefused(listener, reason);
      reportTlsRefusal(listener, reason, clientId);
    },
    ops: {
      metrics: metrics.render,
      health: () => healthReport(health),
      notReady: () => notReady(health),
      onError: createFaultReporter(logger, clock, metrics.damageTold),
    },
  });
}
