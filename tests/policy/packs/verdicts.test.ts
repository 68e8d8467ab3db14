import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import type { Direction, Role } from '../../../sidecar/kernel/evaluation.js';
import type { Verdict } from '../../../sidecar/kernel/verdict.js';
import type { Pack } from '../../../sidecar/policy/pack.js';
import { createPolicy } from '../../../sidecar/policy/policy.js';
import { builtin, DEFAULT_PACKS, ROOT } from './builtin-packs.js';

interface Case {
  readonly text: string;
  readonly verdict: Verdict;
  readonly ids: readonly string[];
  readonly repeat?: number;
  readonly role?: Role;
  readonly pointer?: string;
  readonly direction?: Direction;
  readonly endpoint?: string;
}

const cases = parse(readFileSync(join(ROOT, 'tests', 'policy', 'packs', 'verdicts.yaml'), 'utf8')) as Case[];
const packs = DEFAULT_PACKS.map((name) => builtin(name).pack).filter((pack): pack is Pack => pack !== undefined);
const policy = createPolicy(packs, { shadow: false, onError: 'deny', gapActions: {} });

const judged = test.macro((t, wanted: Case) => {
  const { role = 'user', pointer = '', direction = '', endpoint = '' } = wanted;
  const text = wanted.text.repeat(wanted.repeat ?? 1);
  const judgement = policy.judge({ segments: [{ text, role, pointer }], gaps: [] }, { direction, endpoint });
  t.deepEqual(
    judgement.matched.map(({ id }) => id),
    wanted.ids,
  );
  t.is(judgement.effective, wanted.verdict);
});

cases.forEach((wanted, i) => {
  const scope = [wanted.role, wanted.direction, wanted.endpoint, wanted.pointer].filter(Boolean).join(' ');
  test(`${i + 1}: ${wanted.verdict} ${JSON.stringify(wanted.text.slice(0, 60))} ${scope}`.trimEnd(), judged, wanted);
});
