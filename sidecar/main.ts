import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuditLog } from './audit/audit-log.js';
import type { Config } from './config/config.js';
import { packageRoot } from './config/package-root.js';
import { createDecisionPoint } from './decision-point.js';
import { createInspector } from './inspection/inspector.js';
import type { Clock } from './kernel/clock.js';
import { LIMITS } from './kernel/limits.js';
import { createGrpcServer, type GrpcServer } from './server/grpc-server.js';
import { createOpsServer } from './server/ops-http.js';
import { prepareDataDirectory } from './storage/data-directory.js';
import { type DiskSpace, diskSpace } from './storage/disk-space.js';
import { createLevelLogStore } from './storage/level-log-store.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics } from './telemetry/metrics.js';
import type { Tracing } from './telemetry/tracing.js';
import { createDoors } from './wiring/doors.js';
import { type HealthSources, healthReport, notReady } from './wiring/health.js';
import { loadPolicy } from './wiring/load-policy.js';
import { watchPolicy } from './wiring/reload.js';

export interface SidecarOptions {
  readonly config: Config;
  /** Reads the configuration again, for reloads. Rejects with `JIMINI_CONFIG_INVALID`. */
  readonly readConfig: () => Promise<Config>;
  /** Configuration file, absolute; absent = none is used. */
  readonly configFile?: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracing: Tracing;
}

/** A running sidecar. */
export interface Sidecar {
  /** Addresses as bound. */
  readonly addresses: { readonly data: string; readonly control: string; readonly ops: string };
  /** Drains, closes in order, and resolves when the last record is on disk. Idempotent. */
  close(): Promise<void>;
}

/** The composition root: makes every part, wires them, and listens. Rejects with a JiminiError that says what to do. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { clock, logger, tracing, version } = options;
  let inForce = { config: options.config, loaded: await loadPolicy(options.config) };
  for (const warning of inForce.loaded.warnings) logger.warn({ problem: warning }, 'pack warning');
  const dataDir = await prepareDataDirectory(options.config.dataDir);
  const auditLog = await openAuditLog({
    store: createLevelLogStore(dataDir),
    clock,
    random: (count) => randomBytes(count),
    version,
    onHealth: (health) => logStoreHealth(logger, health),
  });
  const inspector = createInspector(inForce.loaded.snapshot);

  let draining = false;
  let reloadRefused = false;
  const servers: { data?: GrpcServer } = {};
  const registry = createMetrics({
    version,
    seedNames: options.config.metrics.seedNames,
    sources: {
      requestsInFlight: () => servers.data?.load().calls ?? 0,
      logSize: () => auditLog.size,
      logHealthy: () => auditLog.state === 'open',
      rulesByPack: () => inForce.loaded.snapshot.policy.packs.map((pack) => [pack.name, pack.ruleCount] as const),
    },
  });
  const metrics = {
    ...registry,
    reloaded(result: 'applied' | 'refused') {
      reloadRefused = result === 'refused';
      registry.reloaded(result);
    },
  };
  const decisions = createDecisionPoint({ inspector, auditLog, clock, tracing, observe: metrics.observe });

  const onError = (error: unknown) => logger.error({ err: errorForLog(error) }, 'unexpected error');
  const descriptorSet = await readFile(join(packageRoot(), 'proto', 'gen', 'jimini.binpb'));
  const reflection = reflectionFor(options.config, descriptorSet);
  const data = createGrpcServer({
    methods: createDoors({ decisions, inForce: () => inForce, metrics, logger }),
    onError,
    onOverload: (path) => metrics.overloaded(path),
    ...reflection('data'),
  });
  servers.data = data;
  const control = createGrpcServer({ methods: new Map(), onError, ...reflection('control') });

  let disk: DiskSpace | undefined;
  const readDisk = async () => {
    disk = await diskSpace(dataDir).catch(() => undefined);
  };
  await readDisk();
  const diskTimer = setInterval(() => void readDisk(), LIMITS.diskPollMs);
  diskTimer.unref();
  const health: HealthSources = {
    version,
    auditLog,
    configFile: options.configFile ?? '',
    loaded: () => inForce.loaded,
    disk: () => disk,
    draining: () => draining,
    reloadRefused: () => reloadRefused,
  };
  const ops = createOpsServer({
    metrics: metrics.render,
    health: () => healthReport(health),
    notReady: () => notReady(health),
    onError,
  });

  const watcher = await watchPolicy({
    ...options,
    loaded: inForce.loaded,
    apply: (config, loaded) => {
      inForce = { config, loaded };
      inspector.use(loaded.snapshot);
    },
    auditLog,
    metrics,
  });

  const { allowPlaintext, socketMode } = options.config.listen;
  const where = (name: 'data' | 'control' | 'ops') => ({
    name,
    address: options.config.listen[name],
    allowPlaintext,
    socketMode,
  });
  const close = async (): Promise<void> => {
    draining = true;
    clearInterval(diskTimer);
    watcher.close();
    await Promise.all([data.drain(LIMITS.drainMs), control.drain(LIMITS.drainMs)]);
    await Promise.all([data.close(), control.close()]);
    await inspector.close();
    await auditLog.close('shutdown');
    await ops.close();
    await tracing.close();
  };
  try {
    const addresses = {
      data: await data.listen(where('data')),
      control: await control.listen(where('control')),
      ops: await ops.listen(where('ops')),
    };
    for (const server of [data, control]) server.setServing(true);
    let closed: Promise<void> | undefined;
    return { addresses, close: () => (closed ??= close()) };
  } catch (error) {
    await close();
    throw error;
  }
}
