import type { AuditLog } from '../audit/audit-log.js';
import type { MetricSources } from '../telemetry/metrics.js';
import type { Certificates } from './certificates.js';
import type { Judging } from './judging.js';
import type { Listeners } from './listeners.js';
import type { LoadedPolicy } from './load-policy.js';
import type { Switches } from './switches.js';
import type { Tokens } from './tokens.js';

/** The parts that are asked when somebody scrapes. */
export interface MeasuredParts {
  readonly auditLog: AuditLog;
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
  const { auditLog, tokens, judging, certificates, loaded, listeners } = parts;
  const { board } = parts.switches;
  return {
    requestsInFlight: () => listeners()?.inFlight() ?? 0,
    logSize: () => auditLog.size,
    logHealthy: () => auditLog.state === 'open',
    signedSize: () => auditLog.signed.checkpoint?.size ?? 0,
    unsignedForS: () => auditLog.signed.unsignedForS(),
    discontinuity: () => auditLog.signed.discontinuity?.reason,
    killSwitch: () => board.killSwitch(),
    maintenanceWindows: () => board.windows().length,
    breakers: () => Array.from(judging.moderators.breakers(), ([name, breaker]) => [`moderator:${name}`, breaker]),
    acceptedTokens: () => tokens.accepted().length,
    tokensUsable: () => tokens.problem() === undefined,
    certificateExpiresMs: certificates && (() => certificates.identity().expiresMs),
    rulesByPack: () => loaded().snapshot.policy.packs.map((pack) => [pack.name, pack.ruleCount]),
  };
}
