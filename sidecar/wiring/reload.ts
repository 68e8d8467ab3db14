import type { AuditLog } from '../audit/audit-log.js';
import { type Config, changedRestartKeys } from '../config/config.js';
import { keyFilesOf } from '../config/moderator-keys.js';
import { packPathOf } from '../config/pack-files.js';
import { watchFiles } from '../config/watch.js';
import { JiminiError } from '../kernel/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { type LoadedPolicy, loadPolicy } from './load-policy.js';

/** What is watched, and who is told. */
export interface ReloadOptions {
  readonly config: Config;
  /** Reads the configuration again. Rejects with `JIMINI_CONFIG_INVALID`. */
  readonly readConfig: () => Promise<Config>;
  /** Configuration file, absolute; absent = none is used. */
  readonly configFile?: string;
  readonly loaded: LoadedPolicy;
  readonly apply: (config: Config, loaded: LoadedPolicy) => void;
  readonly auditLog: AuditLog;
  /** Told of each reload, applied or refused. */
  readonly onResult: (result: 'applied' | 'refused') => void;
  readonly logger: Logger;
}

/**
 * Watches the configuration and the packs. A change is read as a whole and put in force as a whole; when anything of it is
 * refused the last good policy stays, and the refusal is a log line, a counter and a gauge.
 */
export async function watchPolicy(options: ReloadOptions): Promise<{ close(): void }> {
  const { configFile, auditLog, onResult, logger } = options;
  let inForce = { config: options.config, loaded: options.loaded };

  const filesOf = (config: Config) => [
    ...(configFile ? [configFile] : []),
    ...config.packs.map(packPathOf),
    ...keyFilesOf(config),
  ];
  const reload = async (changed: readonly string[]): Promise<void> => {
    const config = await options.readConfig();
    // Before the packs are read: what changes from now on is another change.
    await watcher.replace(filesOf(config));
    const loaded = await loadPolicy(config, inForce.loaded);
    const restart = changedRestartKeys(inForce.config, config);
    if (restart.length > 0) logger.warn({ keys: restart }, 'these settings take effect at the next start');
    for (const warning of loaded.warnings) logger.warn({ problem: warning }, 'pack warning');
    const before = inForce.loaded.snapshot.policy.revision;
    const { revision } = loaded.snapshot.policy;
    inForce = { config, loaded };
    options.apply(config, loaded);
    onResult('applied');
    logger.info({ revision, changed }, 'policy reloaded');
    if (revision === before) return;
    await auditLog.append({
      leafFields: {
        kind: 'config',
        what: configFile !== undefined && changed.includes(configFile) ? 'reload' : 'packs',
        old_policy_revision: before,
        new_policy_revision: revision,
      },
    });
  };
  const watcher = await watchFiles(filesOf(options.config), {
    onChange: reload,
    onError: (error) => {
      const { code, message } = JiminiError.from(error);
      if (code === 'JIMINI_STORE_UNAVAILABLE') {
        logger.error({ code }, 'the reload is in force, but could not be recorded');
        return;
      }
      onResult('refused');
      logger.error({ code, problem: message }, 'reload refused; the last good policy stays in force');
    },
  });
  return watcher;
}
