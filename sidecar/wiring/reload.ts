import type { AuditLog } from '../audit/audit-log.js';
import { type Config, changedRestartKeys } from '../config/config.js';
import type { UsableConfig } from '../config/load.js';
import { keyFilesOf } from '../config/moderator-keys.js';
import { packPathOf } from '../config/pack-files.js';
import { watchFiles } from '../config/watch.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import type { Logger } from '../telemetry/logger.js';
import { type LoadedPolicy, loadPolicy } from './load-policy.js';

/** Why a reload was refused. */
export interface ReloadRefusal {
  /** What was at fault: the configuration, or a pack that it names. */
  readonly part: 'config' | 'packs';
  /** `file:line:column: message`, printable, bounded by `LIMITS.toldProblemsMax` and `toldProblemCharsMax`. */
  readonly problems: readonly string[];
}

/** What is watched, and who is told. */
export interface ReloadOptions {
  readonly loadedConfig: UsableConfig;
  /** Reads the configuration again. Rejects with `JIMINI_CONFIG_INVALID`. */
  readonly readConfig: () => Promise<UsableConfig>;
  readonly loaded: LoadedPolicy;
  /**
   * Puts the switches of a configuration in force, before its packs are loaded: in an emergency a pack that is refused must not be in the
   * way. Throws `JIMINI_CONFIG_INVALID`.
   */
  readonly showSwitches: (read: UsableConfig) => void;
  /** Puts it in force. Called for each reload that is not refused. */
  readonly apply: (config: Config, loaded: LoadedPolicy) => void | Promise<void>;
  /** Called for each reload that is refused; what was in force stays. */
  readonly refuse: (refusal: ReloadRefusal) => void;
  readonly auditLog: AuditLog;
  readonly logger: Logger;
}

interface InForce {
  readonly read: UsableConfig;
  readonly loaded: LoadedPolicy;
}

/**
 * Watches the configuration and the packs. A change is read as a whole and put in force as a whole; when anything of it is
 * refused the last good policy stays, and the refusal is a log line, a counter, a gauge and told by health.
 */
export async function watchPolicy(options: ReloadOptions): Promise<{ close(): void }> {
  const { auditLog, logger } = options;
  const configFile = options.loadedConfig.file;
  let inForce: InForce = { read: options.loadedConfig, loaded: options.loaded };

  const filesOf = (config: Config) => [
    ...(configFile ? [configFile] : []),
    ...config.packs.map(packPathOf),
    ...keyFilesOf(config),
  ];
  const readAll = async (): Promise<InForce | undefined> => {
    const read = await options.readConfig();
    if (!(await watcher.isAtRest())) return undefined;
    refuseEmptied(read, inForce.read);
    options.showSwitches(read);
    // Before the packs are read: what changes from now on is another change.
    await watcher.replace(filesOf(read.config));
    const loaded = await loadPolicy(read, inForce.loaded);
    return (await watcher.isAtRest()) ? { read, loaded } : undefined;
  };
  /** Undefined when a file was written meanwhile: whatever was made of half of it, the change is told again. */
  const readAtRest = async (): Promise<InForce | undefined> => {
    try {
      return await readAll();
    } catch (error) {
      if (await watcher.isAtRest()) throw error;
      return undefined;
    }
  };
  const adopt = async (next: InForce, changed: readonly string[]): Promise<void> => {
    // Against the start, not the reload before: what was changed back takes no restart.
    const restart = changedRestartKeys(options.loadedConfig.config, next.read.config);
    if (restart.length > 0) logger.warn({ keys: restart }, 'these settings take effect at the next start');
    for (const warning of next.loaded.warnings) logger.warn({ problem: warning }, 'pack warning');
    const before = revisionOf(inForce);
    await options.apply(next.read.config, next.loaded);
    inForce = next;
    logger.info({ revision: revisionOf(next), changed }, 'policy reloaded');
    if (revisionOf(next) === before) return;
    await auditLog.append({
      leafFields: {
        kind: 'config',
        what: configFile !== undefined && changed.includes(configFile) ? 'reload' : 'packs',
        old_policy_revision: before,
        new_policy_revision: revisionOf(next),
      },
    });
  };
  const onError = (error: unknown) => {
    const { code, message } = JiminiError.from(error);
    if (code === 'JIMINI_STORE_UNAVAILABLE') {
      logger.error({ code }, 'the reload is in force, but could not be recorded');
      return;
    }
    const part = code === 'JIMINI_PACK_INVALID' ? 'packs' : 'config';
    options.refuse({ part, problems: toldProblems(message.split('\n')) });
    logger.error({ code, problem: message }, 'reload refused; the last good policy stays in force');
  };
  let checked: Promise<void> | undefined;
  const watcher = await watchFiles(filesOf(options.loadedConfig.config), {
    onChange: async (changed) => {
      await checked;
      const next = await readAtRest();
      if (next) await adopt(next, changed);
    },
    onError,
  });
  // What changed between the first reading and the first look of the watcher, nobody else would notice.
  checked = (async () => {
    const now = await readAtRest();
    if (now && !isSame(now, inForce)) await adopt(now, filesOf(now.read.config));
  })().catch(onError);
  await checked;
  return watcher;
}

/**
 * An editor that truncates before it writes, or a template that went wrong, must not lift every restriction: the file
 * that says nothing is taken for a mistake where the one before said something.
 */
function refuseEmptied(read: UsableConfig, before: UsableConfig): void {
  if (!read.isEmptyFile || before.isEmptyFile) return;
  const advice = 'to return to the defaults, write {} into it';
  const message = `${printable(read.file ?? '')}:1:1: the file is empty, and the one in force is not; ${advice}`;
  throw new JiminiError('JIMINI_CONFIG_INVALID', message);
}

function revisionOf({ loaded }: InForce): string {
  return loaded.snapshot.policy.revision;
}

function isSame(a: InForce, b: InForce): boolean {
  return revisionOf(a) === revisionOf(b) && JSON.stringify(a.read.config) === JSON.stringify(b.read.config);
}

function toldProblems(lines: readonly string[]): string[] {
  const told = lines.slice(0, LIMITS.toldProblemsMax).map((line) => printable(line, LIMITS.toldProblemCharsMax));
  const more = lines.length - told.length;
  return more > 0 ? [...told, `and ${more} more`] : told;
}
