import { Command, Option } from 'commander';
import { type Config, settingOf } from '../config/config.js';
import { configTable } from '../config/document.js';
import { CONFIG_KEYS, configJsonSchema } from '../config/keys.js';
import type { LoadedConfig, UsableConfig } from '../config/load.js';
import { readModeratorKeys } from '../config/moderator-keys.js';
import { formatPackProblem, loadPackSet } from '../config/pack-set.js';
import { type ConfigProblem, formatOrigin, formatProblem } from '../config/problem.js';
import { endedKillSwitch, switchesOf, switchProblems } from '../config/switches.js';
import { readTlsFiles } from '../config/tls-files.js';
import { systemClock } from '../kernel/clock.js';
import { printableJson } from '../kernel/printable.js';
import { createSwitchMachine, showSwitches } from '../kernel/switch-machine.js';
import { readSwitchNotes } from '../storage/switch-notes.js';
import { readWitnessKeys } from '../wiring/witness-keys.js';
import { type CliContext, columns, complain, printLines } from './cli-io.js';
import { addConfigOptions, loadConfigOf } from './config-options.js';

interface FormatOptions {
  readonly format: 'text' | 'json' | 'markdown';
}

/** `jimini config check|show|schema`. */
export function configCommand(context: CliContext): Command {
  return new Command('config')
    .description('Check and show the configuration, and print its schema.')
    .addCommand(checkCommand(context))
    .addCommand(showCommand(context))
    .addCommand(schemaCommand(context));
}

function formatOption(...formats: string[]): Option {
  return new Option('--format <format>', 'how to print').choices(formats).default(formats[0]);
}

function checkCommand(context: CliContext): Command {
  const command = new Command('check')
    .exitOverride()
    .description('Say what is wrong with the configuration and the packs that it names; nothing is started.')
    .addOption(formatOption('text', 'json'))
    .addHelpText(
      'after',
      '\nExamples:\n  jimini config check --config jimini.yaml\n  JIMINI_PACKS=secrets,own.yaml jimini config check' +
        '\n\nExit codes: 0 it can be used, 2 it cannot.',
    )
    .action((options: FormatOptions) => check(command, options, context));
  return addConfigOptions(command);
}

async function check(command: Command, { format }: FormatOptions, { io, exit }: CliContext): Promise<void> {
  const loaded = await loadConfigOf(command, io);
  const { problems, warnings, packProblems } = await problemsOf(loaded);
  const isValid = problems.length === 0 && packProblems.every(({ severity }) => severity !== 'error');
  if (!isValid) exit(2);
  if (format === 'json') {
    const json = {
      valid: isValid,
      problems: problems.map(problemJson),
      warnings: warnings.map(problemJson),
      packProblems,
    };
    io.stdout.write(`${printableJson(json)}\n`);
    return;
  }
  const ended = warnings.map((warning) => formatProblem({ ...warning, message: `warning: ${warning.message}` }));
  complain(io, [...problems.map(formatProblem), ...ended, ...packProblems.map(formatPackProblem)]);
  if (isValid) printLines(io, ['the configuration is valid']);
}

async function problemsOf({ config, origins, problems }: LoadedConfig) {
  if (!config) return { problems, warnings: [], packProblems: [] };
  const { problems: inKeys } = await readModeratorKeys(config);
  const { problems: inWitnesses } = await readWitnessKeys(config);
  const tls = config.listen.tls.certFile === '' ? undefined : await readTlsFiles(config.listen.tls, Date.now());
  const inTls = tls && 'problems' in tls ? tls.problems : [];
  const { problems: packProblems, settingProblems } = await loadPackSet({ config, origins });
  const { problems: inSwitches, warnings } = await switchProblemsOf({ config, origins });
  return { problems: [...settingProblems, ...inKeys, ...inWitnesses, ...inTls, ...inSwitches], warnings, packProblems };
}

/** What `serve` would say of the times of switches, as far as its data directory tells what it was shown before, and whether the kill switch has ended. */
async function switchProblemsOf(said: Pick<UsableConfig, 'config' | 'origins'>) {
  const notes = await readSwitchNotes(said.config.dataDir).catch(() => []);
  const now = { wallMs: systemClock.nowMs(), monoMs: 0 };
  const { machine, refusals } = showSwitches(createSwitchMachine(notes), switchesOf(said.config), now);
  return { problems: switchProblems(said, refusals), warnings: endedKillSwitch(said.origins, machine.shown) };
}

function problemJson(problem: ConfigProblem): object {
  return { where: formatOrigin(problem.origin), key: problem.key, message: problem.message };
}

function showCommand(context: CliContext): Command {
  const command = new Command('show')
    .exitOverride()
    .description('Print every setting with its effective value and where it was said.')
    .addOption(formatOption('text', 'json'))
    .addHelpText(
      'after',
      '\nExample:\n  jimini config show --config jimini.yaml --format json\n\nExit codes: 0 success, 2 it cannot be used.',
    )
    .action((options: FormatOptions) => show(command, options, context));
  return addConfigOptions(command);
}

async function show(command: Command, { format }: FormatOptions, { io, exit }: CliContext): Promise<void> {
  const { config, origins, problems } = await loadConfigOf(command, io);
  if (!config) {
    complain(io, problems.map(formatProblem));
    exit(2);
    return;
  }
  const rows = CONFIG_KEYS.map(({ path }) => ({
    key: path,
    value: shownValue(config, path),
    from: formatOrigin(origins.get(path) ?? { kind: 'default' }),
  }));
  if (format === 'json') {
    io.stdout.write(`${printableJson(Object.fromEntries(rows.map(({ key, ...said }) => [key, said])))}\n`);
    return;
  }
  const text = rows.map(({ key, value, from }) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
    from,
  ]);
  printLines(io, columns([['KEY', 'VALUE', 'FROM'], ...text]));
}

/** As the file would say it: the socket mode in octal. */
function shownValue(config: Config, path: string): unknown {
  return path === 'listen.socketMode' ? config.listen.socketMode.toString(8).padStart(4, '0') : settingOf(config, path);
}

function schemaCommand({ io }: CliContext): Command {
  return new Command('schema')
    .exitOverride()
    .description('Print the JSON Schema of the configuration file, or its reference table.')
    .addOption(formatOption('json', 'markdown'))
    .addHelpText(
      'after',
      '\nExample:\n  jimini config schema > jimini.schema.json\n\nExit codes: 0 success, 2 bad usage.',
    )
    .action(({ format }: FormatOptions) => {
      io.stdout.write(`${format === 'json' ? JSON.stringify(configJsonSchema(), null, 2) : configTable()}\n`);
    });
}
