import type { UsableConfig } from './config/load.js';
import { createDecisionPoint, type DecisionPointOptions } from './decision-point.js';
import type { Clock } from './kernel/clock.js';
import type { Fault } from './kernel/fault.js';
import type { CloseReason } from './kernel/leaf.js';
import { LIMITS } from './kernel/limits.js';
import { giveMemoryBack } from './kernel/slices.js';
import { prepareDataDirectory } from './storage/data-directory.js';
import { defaultTokenFile } from './storage/token-file.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { startTracing } from './telemetry/tracing-switch.js';
import { createAdoption, type InForce } from './wiring/adoption.js';
import { loadCertificates } from './wiring/certificates.js';
import { createControl } from './wiring/control.js';
import { RPC_METHODS } from './wiring/doors.js';
import { every } from './wiring/every.js';
import { type HealthState, notReady } from './wiring/health.js';
import { createJudging, type JudgingOptions } from './wiring/judging.js';
import type { Addresses, Listeners } from './wiring/listeners.js';
import { loadPolicy } from './wiring/load-policy.js';
import { metricSources } from './wiring/metric-sources.js';
import { refuseMisplaced } from './wiring/misplaced.js';
import { openRecording } from './wiring/recording.js';
import { watchPolicy } from './wiring/reload.js';
import { createEngineFaultReporter } from './wiring/reporters.js';
import { createServing } from './wiring/serving.js';
import { createSwitches } from './wiring/switches.js';
import { openTokens } from './wiring/tokens.js';

/** What a sidecar needs from outside. */
export interface SidecarOptions {
  readonly loadedConfig: UsableConfig;
  /** Reads the configuration again, for reloads. Rejects with `JIMINI_CONFIG_INVALID`. */
  readonly readConfig: () => Promise<UsableConfig>;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For OpenTelemetry, whose variables are not settings of ours. */
  readonly env: NodeJS.ProcessEnv;
}

/** A running sidecar. */
export interface Sidecar {
  readonly addresses: Addresses;
  /** Drains, closes in order, and resolves when the last record is on disk. Idempotent. */
  close(): Promise<void>;
}

/**
 * The composition root: makes every part, wires them, and listens. Parts close in the reverse order in which they were
 * made, also when a later one could not be made. Rejects with a JiminiError that says what to do.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const closers: Closer[] = [];
  try {
    const addresses = await wire(options, closers);
    let closed: Promise<void> | undefined;
    return {
      addresses,
      close() {
        closed ??= closeAll(closers, 'shutdown');
        return closed;
      },
    };
  } catch (error) {
    // Why it could not start says more than what then could not be closed.
    await closeAll(closers, 'error').catch(() => undefined);
    throw error;
  }
}

type Closer = (reason: CloseReason) => unknown;

/** Closes every part, also when one of them fails; rejects with the first failure. */
async function closeAll(closers: Closer[], reason: CloseReason): Promise<void> {
  const failures: unknown[] = [];
  for (const closePart of closers.splice(0).reverse()) {
    try {
      await closePart(reason);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Makes and starts the parts in their order. What each is made of is in `wiring/`. */
async function wire(options: SidecarOptions, closers: Closer[]): Promise<Addresses> {
  const { loadedConfig, clock, logger, version } = options;
  const { config } = loadedConfig;
  const onTlsReload = (result: 'applied' | 'refused') => metrics.tlsReloaded(result);
  const certificates = await loadCertificates(config.listen.tls, { clock, logger, onReload: onTlsReload });
  const inForce: InForce = { config, loaded: await loadPolicy(loadedConfig) };
  giveMemoryBack();
  for (const problem of inForce.loaded.warnings) logger.warn({ problem }, 'pack warning');
  const tracing = await startTracing(options.env, RPC_METHODS);
  closers.push(() => tracing.close());

  const dataDir = await prepareDataDirectory(config.dataDir);
  await refuseMisplaced(config);
  const { auditLog, witnesses, disk, scrub, pruner, segments, payloadParts } = await openRecording({
    config,
    dataDir,
    clock,
    logger,
    version,
    metrics: () => metrics,
    onClose: (close) => closers.push(close),
  });
  const tokens = await openTokens({
    file: config.control.tokensFile || defaultTokenFile(dataDir),
    dataDir,
    auditLog,
    logger,
  });
  closers.push(() => tokens.close());
  const switches = await createSwitches({ dataDir, clock, auditLog, logger });
  closers.push(() => switches.board.close());
  switches.show(loadedConfig);
  const onClassified: JudgingOptions['onClassified'] = (...outcome) => metrics.classified(...outcome);
  const judging = createJudging({ loaded: inForce.loaded, clock, logger, onClassified });
  closers.push(() => judging.inspector.close());

  let listeners: Listeners | undefined;
  const loaded = () => inForce.loaded;
  const sources = metricSources({
    auditLog,
    scrub,
    pruner,
    disk,
    witnesses,
    tokens,
    switches,
    judging,
    certificates,
    loaded,
    listeners: () => listeners,
  });
  const metrics: Metrics = createMetrics({ version, seedNames: config.metrics.seedNames, sources });
  const state: HealthState = { draining: false };
  const decisions = createDecisionPoint({
    inspector: judging.inspector,
    classifiers: judging.moderators,
    switches: switches.board,
    auditLog,
    payloads: payloadParts.payloads,
    clock,
    tracing,
    observe: createObserver(metrics, createEngineFaultReporter(logger, clock)),
  });
  const configFile = loadedConfig.file ?? '';
  const states = () => switches.board.states();
  const health = {
    version,
    auditLog,
    scrub,
    pruner,
    segments,
    witnesses,
    configFile,
    loaded,
    disk: disk.read,
    diskShortage: disk.shortage,
    switches: states,
    state,
    tokens,
    certificates,
  };
  const control = createControl({ config, tokens, auditLog, clock, metrics, logger });
  closers.push(() => control.close());
  listeners = await createServing({ decisions, inForce: () => inForce, control, health, metrics, clock, logger });
  closers.push(listeners.close);
  // Bound before the log begins, so that a start that fails leaves no leaf behind; answers wait for the `open` leaf.
  const addresses = await listeners.listen();
  await payloadParts.begin();
  await auditLog.begin(inForce.loaded.snapshot.policy.revision);
  switches.board.begin();
  await tokens.begin();
  closers.push(listeners.drain);

  const adoption = createAdoption({ inForce, judging, logger, state, metrics });
  const showSwitches = switches.show;
  const watcher = await watchPolicy({ ...options, ...adoption, loaded: inForce.loaded, auditLog, showSwitches });
  closers.push(() => watcher.close());
  const certificateWatcher = await certificates?.watch(listeners.renew);
  closers.push(() => certificateWatcher?.close());
  const { serve } = listeners;
  const tellReady = async () => serve(notReady(health).length === 0);
  await tellReady();
  control.begin();
  closers.push(every(LIMITS.readyTickMs, tellReady));
  closers.push(() => {
    state.draining = true;
  });
  return addresses;
}

/** Every decision is counted; a failure of the engine is told, too. */
function createObserver(metrics: Metrics, reportFault: (fault: Fault) => void): DecisionPointOptions['observe'] {
  return (evaluation, decision) => {
    metrics.observe(evaluation, decision);
    if (decision.fault) reportFault(decision.fault);
  };
}
