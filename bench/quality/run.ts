import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHIPPED_PACKS } from '../../sidecar/config/pack-names.js';
import { printableJson } from '../../sidecar/kernel/printable.js';
import { repositoryRoot } from '../../tests/processes/sidecar.js';
import { writeResult } from '../results.js';
import { readCases } from './cases.js';
import { globOf, readClaims } from './claims.js';
import { groups, reportOf } from './figures.js';
import { policyOfPacks } from './judge.js';
import { scoreCases } from './score.js';
import { missesOf, tableOf } from './table.js';

/** Packs that are not scored unless named: one repeats the rules of others, one is about a single law. */
const LEFT_OUT = ['ancestor', 'illinois'];

/** What the command line says; absent = everything. */
export interface QualityOptions {
  readonly set?: string;
  readonly packs?: string;
  readonly category?: string;
  /** Name of an entity, `*` standing for anything. */
  readonly entity?: string;
  readonly misses: string;
  readonly format: string;
}

/** Scores a folder of labelled texts, writes everything to a file and prints it. Returns the exit code. */
export async function measureQuality(options: QualityOptions): Promise<number> {
  if (options.set === undefined || !['table', 'json'].includes(options.format)) {
    process.stderr.write('quality: expected --set FOLDER_OF_JSONL_FILES, and --format table or json\n');
    return 2;
  }
  const startMs = performance.now();
  const { cases, faults } = readCases(options.set);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  const packs = options.packs?.split(',') ?? SHIPPED_PACKS.filter((name) => !LEFT_OUT.includes(name));
  const policy = await policyOfPacks(packs);
  const claims = readClaims(
    readFileSync(join(repositoryRoot, 'bench', 'quality', 'entities.yaml'), 'utf8'),
    policy.rules.filter(({ action }) => action !== 'allow').map(({ pack, id }) => `${pack}/${id}`),
  );
  const entity = globOf(options.entity ?? '*');
  const wanted = cases.filter((one) => entity.test(one.entity));
  const outcomes = scoreCases(policy, claims, wanted).filter(
    ({ category }) => category === (options.category ?? category),
  );
  const injection = outcomes.filter(({ category }) => category === 'prompt_injection').map((outcome) => outcome.case);
  const asTool = scoreCases(policy, claims, injection, 'tool').filter(
    ({ category }) => category === 'prompt_injection',
  );
  const report = { packs, revision: policy.revision, faults: faults.length, ...reportOf(outcomes, asTool) };
  const file = writeResult('quality', { options, ...report });
  const isNarrowed = options.category !== undefined || options.entity !== undefined;
  const shown = isNarrowed
    ? report.entities
    : groups(outcomes, ({ category, case: one }) => ({ category, entity: one.entity.replace(/:.*/s, ':*') }));
  process.stdout.write(options.format === 'json' ? printableJson(report) : tableOf(report, shown));
  const misses = missesOf(outcomes, Number(options.misses));
  if (misses !== '') process.stderr.write(`\n${misses}\n`);
  process.stderr.write(`\n${((performance.now() - startMs) / 1000).toFixed(1)} s, written to ${file}\n`);
  return faults.length > 0 ? 1 : 0;
}
