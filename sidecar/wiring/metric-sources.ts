import type { AuditLog } from '../audit/audit-log.js';
import type { Pruner } from '../audit/prune/pruner.js';
import type { Scrub } from '../audit/scrub.js';
import type { Witnesses } from '../audit/witness/witnesses.js';
import type { MetricSources } from '../telemetry/metrics.js';
import type { Certificates } from './certificates.js';
import type { DiskGauge } from './disk-gauge.js';
import type { Judging } from './judging.js';
import type { Listeners } from './listeners.js';
import type { LoadedPolicy } from './load-policy.js';
import type { Switches } from './switches.js';
import type { Tokens } from './tokens.js';

/** The parts that are asked when somebody scrapes. */
export interface MeasuredParts {
  readonly auditLog: AuditLog;
  readonly scrub: Scrub;
  readonly pruner: Pick<Pruner, 'problem'>;
  readonly disk: DiskGauge;
  /** Absent when none are configured. */
  readonly witnesses: Witnesses | undefined;
  readonly tokens: Pick<Tokens, 'accepted' | 'problem'>;
  readonly switches: Switches;
  readonly judging: Judging;
  /** Absent without TLS. */
  readonly certificates: Certificates | undefined;
  readonly loaded: () => LoadedPolicy;
  /** Absent until they are made. */
  readonly listeners: () => Listeners | undefined;
}

/** Where the gauges get their numbers. */
export function metricSources(parts: MeasuredParts): MetricSources {
  const { auditLog, scrub, pruner, disk, witnesses, tokens, judging, certificates, loaded, listeners } = parts;
  const { board } = parts.switches;
  return {
    requestsInFlight: () => listeners()?.inFlight() ?? 0,
    logSize: () => auditLog.size,
    logFirstSeq: () => auditLog.removal.boundary.minSeq,
    logHealthy: () => auditLog.state === 'open',
    atRisk: () => auditLog.atRisk,
    scrub,
    retentionHeldUp: () => pruner.problem !== undefined,
    diskSpace: disk.read,
    diskLow: () => disk.shortage() !== undefined,
    ballastBytes: disk.ballastBytes,
    signedSize: () => auditLog.signed.checkpoint?.size ?? 0,
    unsignedForS: () => auditLog.signed.unsignedForS(),
    discontinuity: () => auditLog.signed.discontinuity?.reason,
    killSwitch: () => board.killSwitch(),
    maintenanceWindows: () => board.windows().length,
    cosignedSizes: () => witnesses?.sizes() ?? [],
    breakers: () => [
      ...Array.from(judging.moderators.breakers(), ([name, breaker]) => [`moderator:${name}`, breaker] as const),
      ...Array.from(witnesses?.breakers() ?? [], ([name, breaker]) => [`witness:${name}`, breaker] as const),
    ],
    acceptedTokens: () => tokens.accepted().length,
    tokensUsable: () => tokens.problem() === undefined,
    certificateExpiresMs: certificates && (() => certificates.identity().expiresMs),
    rulesByPack: () => loaded().snapshot.policy.packs.map((pack) => [pack.name, pack.ruleCount]),
  };
}
