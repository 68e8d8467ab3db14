import { type Command, Option } from 'commander';
import { CONFIG_KEYS } from '../config/keys.js';
import { type Flag, type LoadedConfig, loadConfig } from '../config/load.js';
import type { CliIo } from './cli-io.js';

/** Gives a command `--config` and one flag for every setting that a variable can say. */
export function addConfigOptions(command: Command): Command {
  addConfigFileOption(command);
  for (const { flag, node, variable } of CONFIG_KEYS) {
    if (flag === undefined) continue;
    const value = node.type === 'boolean' ? '[boolean]' : node.type === 'array' ? '<list>' : '<value>';
    const choices = node.enum && node.enum.length > 1 ? ` One of ${node.enum.join(', ')}.` : '';
    command.addOption(new Option(`${flag} ${value}`, `${node.description}${choices} (${variable})`));
  }
  return command;
}

/** Gives a command `--config FILE`. */
export function addConfigFileOption(command: Command): Command {
  return command.option('--config <file>', 'configuration file (JIMINI_CONFIG)');
}

/** Loads the configuration that the options of a command (made by `addConfigOptions`), the environment and a file say. */
export function loadConfigOf(command: Command, io: CliIo): Promise<LoadedConfig> {
  const flags = new Map<string, Flag>();
  for (const { flag, path } of CONFIG_KEYS) {
    const option = command.options.find(({ long }) => long === flag);
    const said: unknown = option && command.getOptionValue(option.attributeName());
    if (flag === undefined || said === undefined) continue;
    flags.set(path, { name: flag, said: said === true ? 'true' : String(said) });
  }
  return loadConfig({ ...configFileOf(command), env: io.env, flags, directory: io.directory });
}

/** What `--config` said, ready to be spread into the sources of a configuration. */
function configFileOf(command: Command): { readonly file?: string } {
  const file: unknown = command.getOptionValue('config');
  return typeof file === 'string' ? { file } : {};
}
