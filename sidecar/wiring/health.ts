import type { AuditLog } from '../audit/audit-log.js';
import type { DiskSpace } from '../storage/disk-space.js';
import type { LoadedPolicy } from './load-policy.js';

/** The parts whose state is told. */
export interface HealthSources {
  readonly version: string;
  readonly auditLog: AuditLog;
  readonly configFile: string;
  readonly loaded: () => LoadedPolicy;
  /** Last reading; absent = it could not be read. */
  readonly disk: () => DiskSpace | undefined;
  /** Whether shutdown has begun, and whether the last reload was refused. */
  readonly state: { readonly draining: boolean; readonly reloadRefused: boolean };
}

/** Why the process should get no traffic now. A dead sink or a refused reload is no reason: the guard still guards. */
export function notReady({ auditLog, state }: HealthSources): string[] {
  const reasons: string[] = [];
  if (state.draining) reasons.push('shutting down');
  if (!state.draining && auditLog.state !== 'open') reasons.push('the log cannot make records durable');
  return reasons;
}

/** The parts of the process as `/health` tells them. */
export function healthReport(sources: HealthSources): { ok: boolean; [part: string]: unknown } {
  const { snapshot } = sources.loaded();
  const disk = sources.disk();
  const storeOk = sources.auditLog.state === 'open';
  return {
    ok: storeOk && !sources.state.draining,
    version: sources.version,
    config: { ok: !sources.state.reloadRefused, file: sources.configFile, policy_revision: snapshot.policy.revision },
    packs: { ok: snapshot.policy.packs.length > 0, loaded: snapshot.policy.packs },
    store: {
      ok: storeOk,
      state: sources.auditLog.state,
      log_id: sources.auditLog.logId,
      leaves: sources.auditLog.size,
      waiting: sources.auditLog.waiting,
    },
    disk: disk
      ? { ok: true, free_bytes: disk.freeBytes, total_bytes: disk.totalBytes, used_percent: usedPercent(disk) }
      : { ok: false },
  };
}

function usedPercent({ freeBytes, totalBytes }: DiskSpace): number {
  return totalBytes > 0 ? Math.round((1 - freeBytes / totalBytes) * 100) : 0;
}
