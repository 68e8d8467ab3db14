import type { AuditLog } from '../audit/audit-log.js';
import type { Pruner } from '../audit/prune/pruner.js';
import type { Scrub } from '../audit/scrub.js';
import { TILE_WIDTH } from '../audit/tree/tiles.js';
import type { Witnesses, WitnessState } from '../audit/witness/witnesses.js';
import type { Switch } from '../kernel/switch.js';
import type { PackInfo } from '../policy/policy.js';
import type { DiskSpace } from '../storage/disk-space.js';
import type { Shortage } from '../storage/free-space.js';
import type { SwitchState } from '../switches/switchboard.js';
import type { Certificates } from './certificates.js';
import type { LoadedPolicy } from './load-policy.js';
import type { ReloadRefusal } from './reload.js';
import type { Segments } from './segments.js';
import type { Tokens } from './tokens.js';

/** The parts whose state is told. */
export interface HealthSources {
  readonly version: string;
  readonly auditLog: AuditLog;
  readonly scrub: Scrub;
  readonly pruner: Pick<Pruner, 'problem'>;
  /** Absent when none are configured. */
  readonly segments: Pick<Segments, 'failure'> | undefined;
  /** Absent when none are configured. */
  readonly witnesses: Pick<Witnesses, 'states'> | undefined;
  readonly configFile: string;
  readonly loaded: () => LoadedPolicy;
  /** Last reading; absent = it could not be read. */
  readonly disk: () => DiskSpace | undefined;
  /** What there is so little of that no records are taken. */
  readonly diskShortage: () => Shortage | undefined;
  readonly switches: () => readonly SwitchState[];
  readonly state: HealthState;
  readonly tokens: Pick<Tokens, 'accepted' | 'problem'>;
  /** Absent without TLS. */
  readonly certificates?: Pick<Certificates, 'identity' | 'problems'> | undefined;
}

/** What changes while the process runs. */
export interface HealthState {
  /** Shutdown has begun. */
  draining: boolean;
  /** Why the last reload was refused; absent = it was not. */
  refusal?: ReloadRefusal | undefined;
}

/** Why the process should get no traffic now. A dead sink or a refused reload is no reason: the guard still guards. */
export function notReady({ auditLog, state, diskShortage }: HealthSources): string[] {
  const reasons: string[] = [];
  if (state.draining) reasons.push('shutting down');
  if (auditLog.state === 'starting') reasons.push('starting');
  else if (!state.draining && auditLog.state !== 'open') reasons.push('the log cannot make records durable');
  const shortage = diskShortage();
  if (shortage) reasons.push(`the disk has too little free ${shortage} for records`);
  return reasons;
}

/** The parts of the process as `/health` tells them. */
export function healthReport(sources: HealthSources): { ok: boolean; [part: string]: unknown } {
  const { snapshot } = sources.loaded();
  const disk = sources.disk();
  const storeOk = sources.auditLog.state === 'open';
  const refused = (part: ReloadRefusal['part']) => {
    const { refusal } = sources.state;
    return refusal?.part === part ? { ok: false, problems: refusal.problems } : { ok: true };
  };
  return {
    ok: storeOk && !sources.diskShortage() && !sources.state.draining,
    version: sources.version,
    config: { ...refused('config'), file: sources.configFile, policy_revision: snapshot.policy.revision },
    packs: { ...refused('packs'), loaded: snapshot.policy.packs.map(packOf) },
    switches: { ok: true, ...switchesOf(sources.switches()) },
    store: {
      ok: storeOk,
      state: sources.auditLog.state,
      log_id: sources.auditLog.logId,
      leaves: sources.auditLog.size,
      waiting: sources.auditLog.waiting,
    },
    scrub: scrubReport(sources.scrub),
    retention: retentionReport(sources.pruner),
    checkpoints: checkpointReport(sources.auditLog),
    ...(sources.segments && { segments: segmentReport(sources.segments) }),
    ...(sources.witnesses && { witnesses: witnessReport(sources.witnesses.states()) }),
    disk: disk
      ? {
          ok: !sources.diskShortage(),
          free_bytes: disk.freeBytes,
          total_bytes: disk.totalBytes,
          ...(disk.freeInodes !== undefined && { free_inodes: disk.freeInodes }),
          used_percent: usedPercent(disk),
        }
      : { ok: false },
    control: controlReport(sources.tokens),
    ...(sources.certificates && { tls: tlsReport(sources.certificates) }),
  };
}

/** What is damaged is no reason to get no traffic, but one to look. */
function scrubReport({ checked, damaged, damagedPayloads, unproven, passedMs, isStalled }: Scrub): object {
  return {
    ok: damaged.size + damagedPayloads.size + unproven.size === 0 && !isStalled,
    ...(isStalled && { problems: ['the log could not be read again for ten minutes'] }),
    checked_leaves: checked,
    damaged_leaves: damaged.size,
    ...(damaged.size > 0 && { first_damaged: Math.min(...damaged) }),
    damaged_payloads: damagedPayloads.size,
    ...(damagedPayloads.size > 0 && { first_damaged_payload: Math.min(...damagedPayloads) }),
    unproven_tiles: unproven.size,
    ...(unproven.size > 0 && { first_unproven: Math.min(...unproven) * TILE_WIDTH }),
    ...(passedMs !== undefined && { last_pass: new Date(passedMs).toISOString() }),
  };
}

/** What is kept too long may break a law, but no record is in danger. */
function retentionReport({ problem }: HealthSources['pruner']): object {
  return {
    ok: problem === undefined,
    ...(problem !== undefined && { problems: [`old leaves are not removed: ${problem}`] }),
  };
}

/** A gap is told as long as the run lasts that found it. */
function checkpointReport({ signed }: Pick<AuditLog, 'signed'>): object {
  const { checkpoint, discontinuity, failure, isGivenKeyUnused } = signed;
  const problems = [
    ...(discontinuity ? [`the log does not go on from what was signed last (${discontinuity.reason})`] : []),
    ...(isGivenKeyUnused ? ['the key that log.signingKeyFile names has signed before: name a new one'] : []),
    ...(failure ? [`the last checkpoint could not be written: ${failure.message}`] : []),
  ];
  return { ok: problems.length === 0, ...(problems.length > 0 && { problems }), signed_leaves: checkpoint?.size ?? 0 };
}

/** The record itself is not concerned. */
function segmentReport({ failure }: Pick<Segments, 'failure'>): object {
  if (!failure) return { ok: true };
  return { ok: false, problems: [`the last attempt to write the segment of a day failed: ${failure.message}`] };
}

/** By their names in the configuration. Addresses are not told: they may hold what only the operator should know. */
function witnessReport(states: readonly WitnessState[]): object {
  const problems = states.flatMap(({ name, fault }) => (fault ? [`${name} gives no cosignature (${fault})`] : []));
  const told = states.map(({ name, size, cosignedForS, fault, breaker }) => ({
    name,
    ok: fault === undefined,
    cosigned_leaves: size,
    seconds_since_cosigned: cosignedForS ?? null,
    fault: fault ?? null,
    breaker,
  }));
  return { ok: problems.length === 0, ...(problems.length > 0 && { problems }), configured: told };
}

function controlReport({ accepted, problem }: HealthSources['tokens']): object {
  const refused = problem();
  return { ok: refused === undefined, ...(refused && { problems: [refused] }), tokens: accepted().length };
}

function tlsReport({ identity, problems }: NonNullable<HealthSources['certificates']>): object {
  const refused = problems();
  return {
    ok: refused.length === 0,
    ...(refused.length > 0 && { problems: refused }),
    certificate_expires: new Date(identity().expiresMs).toISOString(),
  };
}

/** What the configuration shows, those that have ended too: they do nothing, and wait to be taken out of it. */
function switchesOf(states: readonly SwitchState[]): object {
  const told = (kind: Switch['kind']) => states.filter(({ definition }) => definition.kind === kind).map(switchOf);
  return { kill_switch: told('kill_switch')[0] ?? null, maintenance: told('maintenance') };
}

function switchOf({ definition, state }: SwitchState): object {
  const { reason, untilMs } = definition;
  const own =
    definition.kind === 'kill_switch'
      ? { mode: definition.mode }
      : { name: definition.name, scope: definition.scope, from: new Date(definition.fromMs).toISOString() };
  return { ...own, state, reason, until: new Date(untilMs).toISOString() };
}

/** A pack under the names that JSON has everywhere else in the program. */
function packOf({ ruleCount, ...pack }: PackInfo): object {
  return { ...pack, rule_count: ruleCount };
}

function usedPercent({ freeBytes, totalBytes }: DiskSpace): number {
  return totalBytes > 0 ? Math.round((1 - freeBytes / totalBytes) * 100) : 0;
}
