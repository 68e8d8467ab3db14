import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import { takeInSlices } from '../kernel/slices.js';
import { loadPackSteps } from '../policy/load-pack.js';
import type { LoadedPack, Pack, Problem } from '../policy/pack.js';
import type { Config, Origins } from './config.js';
import { checkPackNames, missingPacks, type PackFile, type PackFileProblem, readPackFiles } from './pack-files.js';
import { type ConfigProblem, originOfItem } from './problem.js';

/** One pack file with what loading it gave. */
interface LoadedFile extends LoadedPack {
  readonly file: PackFile;
  readonly ancestorDirections: Config['policy']['ancestorDirections'];
}

/** The packs that a configuration names, understood; or why they cannot be used. */
export interface PackSet {
  /** Those without an error, in the order of the configuration. To be used only when no problem is an error. */
  readonly packs: readonly Pack[];
  /** What was read, so that another thread can build the same packs, and a reload need not load what did not change. */
  readonly loaded: readonly LoadedFile[];
  /** Of all files, in the order of the configuration. What has no place in its file stands at 1:1. */
  readonly problems: readonly Problem[];
  /** What the configuration asks of the packs and they do not hold; known only when no problem is an error. */
  readonly settingProblems: readonly ConfigProblem[];
}

/** A configuration with what it says where, as far as packs need it. */
export interface PackSettings {
  readonly config: Pick<Config, 'packs' | 'policy' | 'maintenance'>;
  readonly origins: Origins;
}

/**
 * Reads and loads the packs of a configuration, and checks their names against one another. Loading a pack proves its
 * examples, which takes a fraction of a second: files that are as in `previous` are not loaded again, and other work
 * gets its turn meanwhile. Never rejects.
 */
export async function loadPackSet(settings: PackSettings, previous: readonly LoadedFile[] = []): Promise<PackSet> {
  const { packs: entries, policy } = settings.config;
  const { files, problems: unread } = await readPackFiles(entries);
  const { ancestorDirections } = policy;
  const loaded: LoadedFile[] = [];
  for (const file of files) {
    const known = previous.find((before) => isSame(before, file, ancestorDirections));
    const examplesHold = previous.some((before) => hasProven(before, file));
    loaded.push(known ?? (await loadFile(file, { ancestorDirections, examplesHold })));
  }
  const packs = loaded.flatMap(({ pack }) => pack ?? []);
  const problems = [
    ...unread.map(problemAtStart),
    ...loaded.flatMap(({ problems: found }) => found),
    ...checkPackNames(packs).map(problemAtStart),
  ];
  const hasError = problems.some(({ severity }) => severity === 'error');
  return { packs, loaded, problems, settingProblems: hasError ? [] : missing(settings, packs) };
}

async function loadFile(
  file: PackFile,
  options: Pick<LoadedFile, 'ancestorDirections'> & { readonly examplesHold: boolean },
): Promise<LoadedFile> {
  const steps = loadPackSteps(file, { builtin: file.builtin, ...options });
  const loaded = await takeInSlices(steps, LIMITS.loadSliceMs);
  return { file, ancestorDirections: options.ancestorDirections, ...loaded };
}

function isSame({ file, ancestorDirections }: LoadedFile, other: PackFile, directions: string): boolean {
  return isSameFile(file, other) && ancestorDirections === directions;
}

function isSameFile(file: PackFile, other: PackFile): boolean {
  return file.file === other.file && file.text === other.text && file.builtin === other.builtin;
}

/** Whether the examples of this text were found to hold before. In the older format they also depend on `ancestorDirections`. */
function hasProven({ file, pack }: LoadedFile, other: PackFile): boolean {
  return pack?.format === 'full' && isSameFile(file, other);
}

/** Packs that settings name are known to be missing only when every pack has told its name. */
function missing({ config, origins }: PackSettings, packs: readonly Pack[]): ConfigProblem[] {
  const { requiredPacks, routes } = config.policy;
  const names = packs.map(({ name }) => name);
  const lists: (readonly [key: string, asked: readonly string[]])[] = [
    ['policy.requiredPacks', requiredPacks],
    ...Object.entries(routes).map(([name, route]) => [`policy.routes.${name}.packs`, route.packs ?? []] as const),
    ...config.maintenance.map(({ scope }, index) => [`maintenance[${index}].scope.packs`, scope.packs ?? []] as const),
  ];
  return lists.flatMap(([key, asked]) =>
    missingPacks(asked, names).map((name) => ({
      origin: originOfItem(origins, key, asked.indexOf(name)),
      key,
      message: `no pack is named ${printable(name)}; loaded are ${names.map((known) => printable(known)).join(', ')}`,
    })),
  );
}

/** A problem of a file as a whole. */
export function problemAtStart({ file, message }: PackFileProblem): Problem {
  return { severity: 'error', file, line: 1, column: 1, message };
}

const LINE_CHARS_MAX = 2000;

/** `file:line:column: severity: message`, printable. */
export function formatPackProblem({ severity, file, line, column, message }: Problem): string {
  return printable(`${file}:${line}:${column}: ${severity}: ${message}`, LINE_CHARS_MAX);
}
