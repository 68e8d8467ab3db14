import { randomBytes } from 'node:crypto';
import { createModerators } from '../adapters/moderators/moderators.js';
import { recoverAuditLog } from './audit/audit-log.js';
import type { UsableConfig } from './config/load.js';
import { createDecisionPoint } from './decision-point.js';
import { createInspector } from './inspection/inspector.js';
import type { Clock } from './kernel/clock.js';
import type { CloseReason } from './kernel/leaf.js';
import { giveMemoryBack } from './kernel/slices.js';
import { prepareDataDirectory } from './storage/data-directory.js';
import { createLevelLogStore } from './storage/level-log-store.js';
import { defaultTokenFile } from './storage/token-file.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import type { Tracing } from './telemetry/tracing.js';
import { loadCertificates } from './wiring/certificates.js';
import { createControl } from './wiring/control.js';
import { createDiskGauge } from './wiring/disk-gauge.js';
import { createDoors } from './wiring/doors.js';
import { type HealthState, healthReport, notReady } from './wiring/health.js';
import { type Addresses, createListeners, type Listeners } from './wiring/listeners.js';
import { loadPolicy } from './wiring/load-policy.js';
import { watchPolicy } from './wiring/reload.js';
import {
  createBreakerReporter,
  createFaultReporter,
  createLogHealthReporter,
  createTlsRefusalReporter,
} from './wiring/reporters.js';
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
  readonly tracing: Tracing;
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

async function wire(options: SidecarOptions, closers: Closer[]): Promise<Addresses> {
  const { loadedConfig, clock, logger, tracing, version } = options;
  const { config } = loadedConfig;
  const onReload = (result: 'applied' | 'refused') => metrics.tlsReloaded(result);
  const certificates = await loadCertificates(config.listen.tls, { clock, logger, onReload });
  let inForce = { config, loaded: await loadPolicy(loadedConfig) };
  giveMemoryBack();
  for (const problem of inForce.loaded.warnings) logger.warn({ problem }, 'pack warning');
  closers.push(() => tracing.close());

  const dataDir = await prepareDataDirectory(config.dataDir);
  const onHealth = createLogHealthReporter(logger);
  const store = createLevelLogStore(dataDir);
  const auditLog = await recoverAuditLog({ store, clock, random: (count) => randomBytes(count), version, onHealth });
  closers.push((reason) => auditLog.close(reason));
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
  const inspector = createInspector(inForce.loaded.snapshot);
  closers.push(() => inspector.close());
  const moderators = createModerators({
    clock,
    random: (count) => randomBytes(count),
    observe: (name, outcome) => metrics.classified(name, outcome),
    onState: createBreakerReporter(logger),
  });
  moderators.use(inForce.loaded.moderators);
  const disk = await createDiskGauge(dataDir);
  closers.push(() => disk.close());

  const state: HealthState = { draining: false };
  let listeners: Listeners | undefined;
  const metrics: Metrics = createMetrics({
    version,
    seedNames: config.metrics.seedNames,
    sources: {
      requestsInFlight: () => listeners?.inFlight() ?? 0,
      logSize: () => auditLog.size,
      logHealthy: () => auditLog.state === 'open',
      killSwitch: () => switches.board.killSwitch(),
      maintenanceWindows: () => switches.board.windows().length,
      breakers: () => Array.from(moderators.breakers(), ([name, breaker]) => [`moderator:${name}`, breaker] as const),
      acceptedTokens: () => tokens.accepted().length,
      tokensUsable: () => tokens.problem() === undefined,
      certificateExpiresMs: certificates && (() => certificates.identity().expiresMs),
      rulesByPack: () => inForce.loaded.snapshot.policy.packs.map((pack) => [pack.name, pack.ruleCount] as const),
    },
  });
  const decisions = createDecisionPoint({
    inspector,
    classifiers: moderators,
    switches: switches.board,
    auditLog,
    clock,
    tracing,
    observe: metrics.observe,
  });
  const configFile = loadedConfig.file ?? '';
  const health = {
    version,
    auditLog,
    configFile,
    loaded: () => inForce.loaded,
    disk: disk.read,
    switches: () => switches.board.states(),
    state,
    tokens,
    certificates,
  };
  const reportTlsRefusal = createTlsRefusalReporter(logger, clock);
  const control = createControl({ config, tokens, auditLog, clock, metrics, logger });
  closers.push(() => control.close());
  listeners = await createListeners({
    config,
    control,
    methods: createDoors({ decisions, inForce: () => inForce, metrics, logger }),
    onOverload: metrics.overloaded,
    identity: certificates?.identity(),
    onRefused: (listener, reason, clientId) => {
      metrics.tlsRefused(listener, reason);
      reportTlsRefusal(listener, reason, clientId);
    },
    ops: {
      metrics: metrics.render,
      health: () => healthReport(health),
      notReady: () => notReady(health),
      onError: createFaultReporter(logger),
    },
  });
  closers.push(listeners.close);
  // Bound before the log begins, so that a start that fails leaves no leaf behind; answers wait for the `open` leaf.
  const addresses = await listeners.listen();
  await auditLog.begin(inForce.loaded.snapshot.policy.revision);
  switches.board.begin();
  await tokens.begin();
  closers.push(listeners.drain);

  const watcher = await watchPolicy({
    ...options,
    loaded: inForce.loaded,
    auditLog,
    showSwitches: switches.show,
    apply: async (nextConfig, loaded) => {
      const judgeByIt = await inspector.prepare(loaded.snapshot);
      inForce = { config: nextConfig, loaded };
      moderators.use(loaded.moderators);
      judgeByIt();
      logger.level = nextConfig.logLevel;
      state.refusal = undefined;
      metrics.reloaded('applied');
    },
    refuse: (refusal) => {
      state.refusal = refusal;
      metrics.reloaded('refused');
    },
  });
  closers.push(() => watcher.close());
  const certificateWatcher = await certificates?.watch(listeners.renew);
  closers.push(() => certificateWatcher?.close());
  listeners.serve();
  closers.push(() => {
    state.draining = true;
  });
  return addresses;
}
