import { checkPackNames, type PackFile, type PackFileProblem, readPackFiles } from '../config/pack-files.js';
import { SHIPPED_PACKS } from '../config/pack-names.js';
import { problemAtStart } from '../config/pack-set.js';
import { expiredExceptions } from '../policy/expired.js';
import { loadPack } from '../policy/load-pack.js';
import type { Pack, Problem } from '../policy/pack.js';
import { createPolicy, type RuleInfo } from '../policy/policy.js';

/** What linting found. */
export interface LintReport {
  /** Packs without an error. */
  readonly packs: readonly Pack[];
  /** Their rules, with streaming class and engine. */
  readonly rules: readonly RuleInfo[];
  /** By file, in the order of the arguments, then by place. */
  readonly problems: readonly Problem[];
}

const SETTINGS = { shadow: false, onError: 'deny', gapActions: {} } as const;

/**
 * Loads every file as the sidecar would, by itself; then all together and with the built-in packs, because a rule may
 * name rules of other packs. `nowMs` decides which exceptions have ended. Two linted packs of one name are a warning only: they need not be used together.
 */
export async function lintPacks(files: readonly (PackFile | PackFileProblem)[], nowMs: number): Promise<LintReport> {
  const problems: Problem[] = [];
  const packs: Pack[] = [];
  for (const file of files) {
    if ('message' in file) {
      problems.push(problemAtStart(file));
      continue;
    }
    const loaded = loadPack(file, { builtin: file.builtin });
    problems.push(...loaded.problems);
    if (!loaded.pack) continue;
    packs.push(loaded.pack);
    problems.push(...checkPackNames([loaded.pack]).map(problemAtStart));
  }
  const oneOfEachName = packs.filter(({ name }, index) => packs.findIndex((pack) => pack.name === name) === index);
  const policy = createPolicy([...oneOfEachName, ...(await builtInsBeside(packs))], SETTINGS);
  const linted = new Set(packs.map(({ file }) => file));
  const together = policy.warnings.filter(({ file }) => linted.has(file));
  return {
    packs,
    rules: policy.rules.filter(({ pack }) => packs.some(({ name }) => name === pack)),
    problems: inFileOrder([...problems, ...sameNames(packs), ...together, ...expiredExceptions(packs, nowMs)], files),
  };
}

async function builtInsBeside(packs: readonly Pack[]): Promise<Pack[]> {
  const { files } = await readPackFiles(SHIPPED_PACKS.filter((name) => !packs.some((pack) => pack.name === name)));
  return files.flatMap((file) => loadPack(file, { builtin: true }).pack ?? []);
}

function sameNames(packs: readonly Pack[]): Problem[] {
  return packs.flatMap(({ name, file }, index) => {
    const other = packs.slice(0, index).find((earlier) => earlier.name === name);
    if (!other) return [];
    const message = `${other.file} has the name "${name}" too; the two cannot be used together`;
    return [{ ...problemAtStart({ file, message }), severity: 'warning' as const }];
  });
}

function inFileOrder(problems: readonly Problem[], files: readonly { readonly file: string }[]): Problem[] {
  const order = new Map([...files.entries()].map(([index, { file }]) => [file, index]));
  const rank = (problem: Problem) => order.get(problem.file) ?? 0;
  return [...problems].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
