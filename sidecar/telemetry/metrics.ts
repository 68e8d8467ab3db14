import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Breaker } from '../kernel/breaker.js';
import type { Decision, Evaluation } from '../kernel/evaluation.js';
import { KILL_SWITCH_MODES, type KillSwitchMode } from '../kernel/switch.js';
import { type CheckpointSeries, type CheckpointSources, createCheckpointSeries } from './checkpoint-series.js';
import { type ClassifierOutcome, createClassifierSeries, registerBreakers } from './classifier-series.js';
import { type ControlSeries, type ControlSources, createControlSeries } from './control-series.js';
import { createEndpointLabels, createEventCounter, createLatencyHistograms } from './decision-series.js';
import { gaugesOf } from './read-gauge.js';
import { createTlsSeries, type TlsSeries } from './tls-series.js';
import { createUpkeepSeries, type UpkeepSeries, type UpkeepSources } from './upkeep-series.js';
import { createWitnessSeries, type WitnessSeries, type WitnessSources } from './witness-series.js';

/** Room on a file system. */
interface FreeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Absent where the file system has no fixed number. */
  readonly freeInodes?: number;
}

/** Numbers that are read when somebody scrapes, instead of being kept up to date. */
export interface MetricSources extends ControlSources, CheckpointSources, WitnessSources, UpkeepSources {
  requestsInFlight(): number;
  /** Leaves in the log. */
  logSize(): number;
  /** First leaf that was not removed. */
  logFirstSeq(): number;
  /** 1 while the log can make records durable. */
  logHealthy(): boolean;
  /** Records whose callers were answered before it was known whether they are on disk, and for how many seconds the oldest has been. */
  atRisk(): { readonly records: number; readonly forS: number };
  /** Space of the file system that holds the log; absent = it could not be read. */
  diskSpace(): FreeSpace | undefined;
  /** Whether there is too little of it, or of inodes, for more records. */
  diskLow(): boolean;
  /** Bytes that are kept back to be given up when the disk is full. */
  ballastBytes(): number;
  rulesByPack(): Iterable<readonly [pack: string, rules: number]>;
  /** Absent = the kill switch is off. */
  killSwitch(): KillSwitchMode | undefined;
  /** Maintenance windows that act. */
  maintenanceWindows(): number;
  /** Circuit breakers by service. */
  breakers(): Iterable<readonly [service: string, breaker: Breaker]>;
  /** When the certificate in force ends, ms of the Unix epoch; absent without TLS. */
  readonly certificateExpiresMs?: (() => number) | undefined;
}

/** Everything that Prometheus can read. */
export interface Metrics extends TlsSeries, ControlSeries, CheckpointSeries, WitnessSeries, UpkeepSeries {
  observe(evaluation: Evaluation, decision: Decision): void;
  /** A question to a classifier has ended. */
  classified(classifier: string, outcome: ClassifierOutcome): void;
  /** A gRPC message that could not be decoded. */
  malformed(method: string): void;
  /** A request refused because too much was in flight. */
  overloaded(): void;
  /** A record about a new subject that got no key of its own. */
  subjectOverCap(): void;
  /** A record was made without its payload. */
  payloadLeftOut(): void;
  /** A reload of packs or configuration, and whether the last one was taken. */
  reloaded(result: 'applied' | 'refused'): void;
  /** The exposition text with its media type. */
  render(): Promise<{ contentType: string; body: string }>;
}

/** What is exposed, and where its numbers come from. */
export interface MetricsOptions {
  readonly version: string;
  /** Also expose the names of the ancestor that break Prometheus' conventions. */
  readonly seedNames: boolean;
  readonly sources: MetricSources;
}

/** Creates a registry of its own, so that two servers in one process do not share numbers. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const endpoints = createEndpointLabels();
  const events = createEventCounter(registry);
  const latencies = createLatencyHistograms(registry, options.seedNames);
  const classified = createClassifierSeries(registry);
  const tls = createTlsSeries(registry, options.sources.certificateExpiresMs);
  const control = createControlSeries(registry, options.sources);
  const checkpoints = createCheckpointSeries(registry, options.sources);
  const witnesses = createWitnessSeries(registry, options.sources);
  const upkeep = createUpkeepSeries(registry, options.sources);
  registerSources(registry, options);
  registerDisk(registry, options.sources);
  registerBreakers(registry, options.sources.breakers);
  registerForLater(registry);
  const gaps = new Counter({
    name: 'jimini_coverage_gaps_total',
    help: 'Content that was not inspected, by kind of gap',
    labelNames: ['kind'],
    registers,
  });
  const faults = new Counter({
    name: 'jimini_engine_faults_total',
    help: 'Contents that the engine failed over, by class or code of the error, or by what became of the worker thread',
    labelNames: ['cause'],
    registers,
  });
  const outages = new Counter({
    name: 'jimini_unrecorded_answers_total',
    help: 'Answers given without a durable record, by reason',
    labelNames: ['reason'],
    registers,
  });
  const malformed = new Counter({
    name: 'jimini_malformed_messages_total',
    help: 'gRPC messages that could not be decoded, by method',
    labelNames: ['method'],
    registers,
  });
  const subjectsOverCap = new Counter({
    name: 'jimini_subjects_over_cap_total',
    help: 'Records about subjects that got no key of their own, because there were too many new ones',
    registers,
  });
  const payloadsLeftOut = new Counter({
    name: 'jimini_payloads_left_out_total',
    help: 'Records made without their payload, because the keyring could not make a key durable',
    registers,
  });
  const reloads = new Counter({
    name: 'jimini_policy_reloads_total',
    help: 'Reloads of packs and verdict settings, by result',
    labelNames: ['result'],
    registers,
  });
  const reloadFailed = new Gauge({
    name: 'jimini_policy_reload_failed',
    help: '1 while the last reload was refused and the last good policy is in force',
    registers,
  });
  reloadFailed.set(0);

  return {
    observe(evaluation, decision) {
      const endpoint = endpoints(evaluation.route);
      events.observe(endpoint, decision);
      latencies.observe(endpoint, decision);
      for (const { kind } of decision.gaps) {
        gaps.inc({ kind });
        // Only a Check that cannot be decoded is decided on; the other methods refuse and say so by themselves.
        if (kind === 'message:malformed' || kind === 'message:depth') malformed.inc({ method: 'Check' });
      }
      if (decision.fault) faults.inc({ cause: decision.fault.cause });
      if (decision.outage) outages.inc({ reason: decision.outage });
    },
    ...tls,
    ...control,
    ...checkpoints,
    ...witnesses,
    ...upkeep,
    classified,
    malformed: (method) => malformed.inc({ method }),
    overloaded: () => outages.inc({ reason: 'overloaded' }),
    subjectOverCap: () => subjectsOverCap.inc(),
    payloadLeftOut: () => payloadsLeftOut.inc(),
    reloaded(result) {
      reloads.inc({ result });
      reloadFailed.set(result === 'refused' ? 1 : 0);
    },
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** Gauges that ask their source at scrape time; the ancestor's names beside the conventional ones. */
function registerSources(registry: Registry, { version, seedNames, sources }: MetricsOptions): void {
  const registers = [registry];
  const gauge = gaugesOf(registry);
  const rules = (name: string) =>
    new Gauge({
      name,
      help: 'Rules loaded, by rule pack',
      labelNames: ['rule_pack'],
      registers,
      collect() {
        this.reset();
        for (const [pack, count] of sources.rulesByPack()) this.set({ rule_pack: pack }, count);
      },
    });
  new Gauge({
    name: 'jimini_build_info',
    help: 'Version of the program; the value is always 1',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  gauge('jimini_requests_in_flight', 'Requests being received or judged', sources.requestsInFlight);
  gauge('jimini_audit_log_size', 'Leaves in the audit log, removed ones included', sources.logSize);
  gauge('jimini_audit_log_first_seq', 'First leaf of the audit log that was not removed', sources.logFirstSeq);
  gauge('jimini_audit_log_healthy', '1 while the log can make records durable', () => (sources.logHealthy() ? 1 : 0));
  gauge(
    'jimini_audit_log_at_risk_records',
    'Records whose callers were answered before they were on disk (log.durability: relaxed), and that are not there yet',
    () => sources.atRisk().records,
  );
  gauge(
    'jimini_audit_log_at_risk_seconds',
    'How long the oldest record has been at risk; 0 = none is',
    () => sources.atRisk().forS,
  );
  gauge('jimini_maintenance', 'Maintenance windows that act', sources.maintenanceWindows);
  new Gauge({
    name: 'jimini_kill_switch',
    help: '1 while the kill switch acts in this mode: bypass lets everything pass, lockdown nothing',
    labelNames: ['mode'],
    registers,
    collect() {
      const acting = sources.killSwitch();
      for (const mode of KILL_SWITCH_MODES) this.set({ mode }, mode === acting ? 1 : 0);
    },
  });
  rules('jimini_rules_loaded');
  if (!seedNames) return;
  gauge('jimini_active_requests_total', 'Requests being received or judged', sources.requestsInFlight);
  rules('jimini_rules_loaded_total');
  new Counter({
    name: 'jimini_audit_chain_length_total',
    help: 'Leaves in the audit log',
    registers,
    collect() {
      this.reset();
      this.inc(sources.logSize());
    },
  });
}

/** Room for records. A file system that cannot be read has no number. */
function registerDisk(registry: Registry, { diskSpace, diskLow, ballastBytes }: MetricSources): void {
  const gauge = gaugesOf(registry);
  const of = (read: (space: FreeSpace) => number) => {
    return () => {
      const space = diskSpace();
      return space ? read(space) : Number.NaN;
    };
  };
  gauge(
    'jimini_disk_free_bytes',
    'Free bytes of the file system of the log',
    of(({ freeBytes }) => freeBytes),
  );
  gauge(
    'jimini_disk_size_bytes',
    'Bytes of the file system of the log',
    of(({ totalBytes }) => totalBytes),
  );
  gauge(
    'jimini_disk_free_inodes',
    'Files that may still be made on the file system of the log; NaN = it has no fixed number of them',
    of(({ freeInodes }) => freeInodes ?? Number.NaN),
  );
  gauge('jimini_disk_ballast_bytes', 'Bytes kept back to be given up when the disk is full', ballastBytes);
  gauge('jimini_disk_low', '1 while there is too little free space, or inodes, for records', () => (diskLow() ? 1 : 0));
}

/** Series whose traffic comes with the forwarders: registered, so that dashboards and alerts can name them, and empty. */
function registerForLater(registry: Registry): void {
  new Counter({
    name: 'jimini_forwarder_errors_total',
    help: 'Errors of forwarders, by target and kind',
    labelNames: ['target', 'error_type'],
    registers: [registry],
  });
}
