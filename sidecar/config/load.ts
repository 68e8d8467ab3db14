import { resolve } from 'node:path';
import { printable } from '../kernel/printable.js';
import { findImpossible } from './combinations.js';
import { type Config, finishConfig, type Origins } from './config.js';
import { type Environment, type Override, readEnvironment } from './environment.js';
import { checkSchema, type SchemaFault, valueAt } from './issues.js';
import { CONFIG_KEYS } from './keys.js';
import { type ConfigProblem, configError, type Origin, originOfItem } from './problem.js';
import { readTextFile } from './read-file.js';
import { textToValue } from './text-value.js';
import { type PathStep, readYaml, type YamlDocument } from './yaml-document.js';

/** How much of a refused value is shown. */
const SHOWN_CHARS_MAX = 60;

/** What a flag said. */
export interface Flag {
  /** For messages: `--listen-data`. */
  readonly name: string;
  /** Text as in a variable, or a list whose items need no splitting. */
  readonly said: string | readonly string[];
}

/** Where a configuration comes from; a later one of file, env, flags wins. */
export interface ConfigSources {
  /** Path of the configuration file; without it `JIMINI_CONFIG`, without that no file. */
  readonly file?: string;
  readonly env: Environment;
  /** Flags by key path. */
  readonly flags?: ReadonlyMap<string, Flag>;
  /** Working directory, absolute. */
  readonly directory: string;
}

/** A configuration, or why there is none. */
export interface LoadedConfig {
  /** Present when there are no problems. */
  readonly config?: Config;
  /** The file that was read or should have been, absolute; to be watched. */
  readonly file?: string;
  /** The file was read and holds nothing but blanks and comments. `{}` is not empty: it says that nothing is set. */
  readonly isEmptyFile?: true;
  readonly origins: Origins;
  readonly problems: readonly ConfigProblem[];
}

/** A configuration that can be used. */
export type UsableConfig = LoadedConfig & { readonly config: Config };

/** The configuration, if there is one. Throws `JIMINI_CONFIG_INVALID` with all problems otherwise. */
export function usable(loaded: LoadedConfig): UsableConfig {
  const { config } = loaded;
  if (!config) throw configError(loaded.problems);
  return { ...loaded, config };
}

/** Reads file, environment and flags. Never rejects: what is wrong is in `problems`. */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const name = sources.file ?? sources.env['JIMINI_CONFIG'];
  const environment = readEnvironment(sources.env);
  const overrides = [...environment.overrides, ...flagOverrides(sources.flags)];
  if (name === undefined) {
    return assemble({ overrides, directory: sources.directory, problems: environment.problems });
  }
  if (name === '') {
    const origin = { kind: 'environment' as const, name: sources.file === undefined ? 'JIMINI_CONFIG' : '--config' };
    return {
      origins: new Map(),
      problems: [{ origin, key: '', message: 'expected the path of a file, found nothing' }],
    };
  }
  const file = resolve(sources.directory, name);
  const text = await readTextFile(file);
  const read = typeof text === 'string' ? readYaml(text) : [{ message: text.reason }];
  if ('value' in read) {
    const problems = environment.problems;
    const loaded = assemble({ document: read, file: name, overrides, directory: sources.directory, problems });
    return { file, ...(read.value === null && { isEmptyFile: true }), ...loaded };
  }
  const unreadable = read.map(({ message, ...position }) => ({
    origin: { kind: 'file' as const, file: name, ...position },
    key: '',
    message,
  }));
  return { file, origins: new Map(), problems: [...unreadable, ...environment.problems] };
}

function flagOverrides(flags: ReadonlyMap<string, Flag> = new Map()): Override[] {
  return CONFIG_KEYS.flatMap((key) => {
    const flag = flags.get(key.path);
    return flag ? [{ key, said: flag.said, origin: { kind: 'flag' as const, name: flag.name } }] : [];
  });
}

interface Parts {
  readonly document?: YamlDocument;
  /** The file as the user named it. */
  readonly file?: string;
  /** Later ones win. */
  readonly overrides: readonly Override[];
  readonly directory: string;
  readonly problems: readonly ConfigProblem[];
}

/** The pure part: what the file says, overridden, checked, completed. */
function assemble(parts: Parts): LoadedConfig {
  const origins = originsOf(parts);
  const failed = (problems: readonly ConfigProblem[]) => ({ origins, problems: [...problems, ...parts.problems] });
  const value = parts.document?.value ?? Object.create(null);
  const inFile = checkSchema(value);
  if ('faults' in inFile) return failed(inFile.faults.map((fault) => fileProblem(fault, parts)).sort(byPosition));

  const unread = parts.overrides.flatMap((override) => applyOverride(value, override));
  const checked = checkSchema(value);
  if ('faults' in checked) {
    return failed([...unread, ...checked.faults.map((fault) => overrideProblem(fault, origins))]);
  }
  if (unread.length + parts.problems.length > 0) return failed(unread);

  const config = finishConfig(checked.input, origins, parts.directory);
  const impossible = findImpossible(config, origins).map(({ key, message, index = -1 }) => ({
    key,
    message,
    origin: originOfItem(origins, key, index),
  }));
  return impossible.length > 0 ? failed(impossible) : { config, origins, problems: [] };
}

function originsOf({ document, file, overrides }: Parts): Origins {
  const origins = new Map<string, Origin>();
  const overridden = new Map(overrides.map(({ key, origin }) => [key.path, origin]));
  for (const { path, node } of CONFIG_KEYS) {
    const steps = path.split('.');
    const position = document?.valuePosition(steps);
    const isInFile = position !== undefined && file !== undefined;
    const said = overridden.get(path) ?? (isInFile ? { kind: 'file' as const, file, ...position } : undefined);
    origins.set(path, said ?? { kind: 'default' });
    if (said?.kind !== 'file') continue;
    if (document && node['x-file-only']) {
      for (const below of pathsBelow(valueAt(document.value, steps), steps)) {
        origins.set(keyPathOf(below), { ...said, ...document.valuePosition(below) });
      }
      continue;
    }
    for (let index = 0; ; index++) {
      const ofItem = document?.valuePosition([...steps, index]);
      if (ofItem === undefined) break;
      origins.set(`${path}[${index}]`, { ...said, ...ofItem });
    }
  }
  return origins;
}

/** Paths of everything that a value holds: what lasts for a time is refused with the place of that time. */
function pathsBelow(value: unknown, path: readonly PathStep[]): (readonly PathStep[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [PathStep, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([step, inner]) => [[...path, step], ...pathsBelow(inner, [...path, step])]);
}

/** Writes an override into the tree that the file gave. The names of the path are ours, never foreign. */
function applyOverride(root: Record<string, unknown>, { key, said, origin }: Override): ConfigProblem[] {
  const read = typeof said === 'string' ? textToValue(said, key.node) : { value: said };
  if ('expected' in read) {
    const found = printable(String(said).slice(0, SHOWN_CHARS_MAX));
    return [{ origin, key: key.path, message: `expected ${read.expected}, found "${found}"` }];
  }
  const names = key.path.split('.');
  const last = names.pop() ?? '';
  let object = root;
  for (const step of names) {
    object[step] ??= Object.create(null);
    object = object[step] as Record<string, unknown>;
  }
  object[last] = read.value;
  return [];
}

/** A fault of the file itself, where the file says it. */
function fileProblem(fault: SchemaFault, { document, file = '' }: Parts): FileProblem {
  const ofKey = document?.keyPosition(fault.path);
  // A key that is missing has no place; what it is missing from has.
  const around = document?.valuePosition(fault.path.slice(0, -1));
  const position = fault.atKey ? ofKey : (document?.valuePosition(fault.path) ?? ofKey ?? around);
  return { origin: { kind: 'file', file, ...position }, key: keyPathOf(fault.path), message: fault.message };
}

type FileProblem = ConfigProblem & { readonly origin: Origin & { readonly kind: 'file' } };

function byPosition({ origin: a }: FileProblem, { origin: b }: FileProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** A fault that came in by a variable or a flag: the file alone had none. */
function overrideProblem(fault: SchemaFault, origins: Origins): ConfigProblem {
  const key = keyPathOf(fault.path);
  const setting = CONFIG_KEYS.find(({ path }) => key === path || key.startsWith(`${path}[`));
  return { origin: origins.get(setting?.path ?? '') ?? { kind: 'default' }, key, message: fault.message };
}

/** `packs[2]`, `listen.data`, `policy.gaps.body:absent`; foreign names made printable. */
function keyPathOf(path: readonly PathStep[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? printable(step) : `${text}.${printable(step)}`;
  }, '');
}
