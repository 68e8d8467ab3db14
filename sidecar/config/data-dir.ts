import { resolve } from 'node:path';
import { type ConfigSources, loadConfig, usable } from './load.js';

/**
 * The data directory, absolute, by the precedence of every setting: flag, variable, file, default. What a flag or a
 * variable says is taken without reading anything else, so that a log can be read while its configuration is broken.
 * Rejects with `JIMINI_CONFIG_INVALID` when it takes a configuration that is refused to know.
 */
export async function findDataDirectory(sources: Omit<ConfigSources, 'flags'>, flag?: string): Promise<string> {
  const said = flag ?? sources.env['JIMINI_DATA_DIR'];
  if (said) return resolve(sources.directory, said);
  const flags = flag === undefined ? [] : [['dataDir', { name: '--data-dir', said: flag }] as const];
  return usable(await loadConfig({ ...sources, flags: new Map(flags) })).config.dataDir;
}
