import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHIPPED_PACKS } from '../../sidecar/config/pack-names.js';
import { printable, printableJson } from '../../sidecar/kernel/printable.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import { repositoryRoot } from '../../tests/processes/sidecar.js';
import { writeResult } from '../results.js';
import { type Case, readCases } from './cases.js';
import { type Claims, globOf, readClaims } from './claims.js';
import { groups, type Report, reportOf } from './figures.js';
import { policyOfPacks } from './judge.js';
import { type Outcome, scoreCases } from './score.js';
import { missesOf, tableOf } from './table.js';

/** What is scored unless packs are named: all that ship but one that repeats the rules of others and one about a single law. */
export const SCORED_PACKS = SHIPPED_PACKS.filter((name) => !['ancestor', 'illinois'].includes(name));

/** Which rules stand for which entity. */
const ENTITIES_FILE = join(repositoryRoot, 'bench', 'quality', 'entities.yaml');

/** What the command line says; absent = everything. */
export interface QualityOptions {
  readonly set?: string;
  readonly packs?: string;
  readonly category?: string;
  /** Name of an entity, `*` standing for anything. */
  readonly entity?: string;
  /** Texts named for every entity and kind of mistake, a whole number. */
  readonly misses: string;
  readonly format: string;
}

/** Scores a folder of labelled texts, writes everything to a file and prints it. Returns the exit code. */
export async function measureQuality(options: QualityOptions): Promise<number> {
  const { set, format, misses } = options;
  if (set === undefined || !['table', 'json'].includes(format) || !/^\d{1,6}$/.test(misses)) {
    process.stderr.write('quality: expected --set FOLDER, --format table or json, --misses NUMBER\n');
    return 2;
  }
  const startMs = performance.now();
  const { cases, faults: badLines } = readCases(set);
  const faults = cases.length > 0 ? badLines : [...badLines, `${set}: no case in any .jsonl file`];
  const packs = options.packs?.split(',') ?? SCORED_PACKS;
  const policy = await policyOfPacks(packs);
  const claims = claimsOf(policy, readFileSync(ENTITIES_FILE, 'utf8'));
  const dead = claims.dead.filter((pattern) => packs.some((pack) => pattern.startsWith(`${pack}/`)));
  const notes = [...faults, ...dead.map((pattern) => `entities.yaml: ${pattern} names no rule`)];
  for (const note of notes) process.stderr.write(`${printable(note)}\n`);

  const { outcomes, report } = measure(policy, claims, cases, options);
  const full = { packs, revision: policy.revision, faults: faults.length, ...report };
  const file = writeResult('quality', { options, ...full });
  process.stdout.write(
    format === 'json' ? `${printableJson(full)}\n` : tableOf(report, entitiesShown(outcomes, options)),
  );
  process.stderr.write(missesOf(outcomes, Number(misses)));
  process.stderr.write(`\n${((performance.now() - startMs) / 1000).toFixed(1)} s, written to ${file}\n`);
  return faults.length > 0 ? 1 : 0;
}

/** The claims for the rules of a policy that do more than mark. */
export function claimsOf({ rules }: Policy, text: string): Claims {
  const known = rules.filter(({ action }) => action !== 'allow').map(({ pack, id }) => `${pack}/${id}`);
  return readClaims(text, known);
}

/** Scores the cases that the filters leave, those of prompt injection also as said by a tool. */
export function measure(
  policy: Policy,
  claims: Claims,
  cases: readonly Case[],
  filter: Pick<QualityOptions, 'category' | 'entity'> = {},
): { readonly outcomes: readonly Outcome[]; readonly report: Report } {
  const entity = globOf(filter.entity ?? '*');
  const ofEntity = cases.filter((one) => entity.test(one.entity));
  const ofCategory = (category?: string) => (outcome: Outcome) =>
    category === undefined || outcome.category === category;
  const outcomes = scoreCases(policy, claims, ofEntity).filter(ofCategory(filter.category));
  const isInjection = ofCategory('prompt_injection');
  const injection = outcomes.filter(isInjection).map((outcome) => outcome.case);
  const asTool = scoreCases(policy, claims, injection, 'tool').filter(isInjection);
  return { outcomes, report: reportOf(outcomes, asTool) };
}

/** One row for each entity, or, when nothing was narrowed down, for all with the same name before the colon. */
function entitiesShown(outcomes: readonly Outcome[], { category, entity }: QualityOptions) {
  const isNarrow = category !== undefined || entity !== undefined;
  const shown = (name: string) => (isNarrow ? name : name.replace(/:.*/s, ''));
  return groups(outcomes, (outcome) => ({ category: outcome.category, entity: shown(outcome.case.entity) }));
}
