import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { ALL_PACKS } from '../../sidecar/config/pack-names.js';
import type { Role } from '../../sidecar/kernel/evaluation.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import { judge, policyOf, segment } from './inline-pack.js';
import { ROOT } from './packs/builtin-packs.js';

/** One file of cases: see tests/policy/cases/README.md. */
interface CaseFile {
  readonly about: string;
  readonly role?: Role;
  readonly match?: Readonly<Record<string, readonly string[]>>;
  readonly no_match?: readonly string[];
}

const FOLDER = join(ROOT, 'tests', 'policy', 'cases');
const policies = new Map<string, Policy>();

const asExpected = test.macro((t, pack: string, { role = 'user', match = {}, no_match = [] }: CaseFile) => {
  const firing = (text: string) => firingRules(policyFor(pack), segment(text, { role }));
  const missed = Object.entries(match).flatMap(([rule, texts]) =>
    texts.filter((text) => (rule === 'any' ? firing(text).length === 0 : !firing(text).includes(rule))),
  );
  t.deepEqual(missed, [], 'texts in which the rule does not fire');
  const wrong = no_match.map((text) => ({ text, rules: firing(text) })).filter(({ rules }) => rules.length > 0);
  t.deepEqual(wrong, [], 'texts in which a rule of the pack fires');
});

for (const pack of foldersIn(FOLDER)) {
  for (const file of readdirSync(join(FOLDER, pack)).sort()) {
    const cases = parse(readFileSync(join(FOLDER, pack, file), 'utf8')) as CaseFile;
    test(`${pack}/${file}: ${cases.about}`, asExpected, pack, cases);
  }
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** The policy of one pack, or of all; made once. */
function policyFor(name: string): Policy {
  const policy = policies.get(name) ?? policyOf((name === 'all' ? ALL_PACKS : [name]).map(packNamed));
  policies.set(name, policy);
  return policy;
}

function packNamed(name: string) {
  const file = join(ROOT, 'sidecar', 'policy', 'packs', `${name}.yaml`);
  const { pack, problems } = loadPack({ name, file, text: readFileSync(file, 'utf8') }, { builtin: true });
  if (!pack) throw new Error(`the pack ${name} does not load: ${JSON.stringify(problems)}`);
  return pack;
}

/** Rules that do more than mark. */
function firingRules(policy: Policy, text: ReturnType<typeof segment>): string[] {
  return judge(policy, [text]).matched.flatMap(({ id, action }) => (action === 'allow' ? [] : [id]));
}
