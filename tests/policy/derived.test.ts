import test from 'ava';
import type { Segment } from '../../sidecar/kernel/evaluation.js';
import { createPolicy } from '../../sidecar/policy/policy.js';
import { packOf, rule } from './inline-pack.js';

const policy = createPolicy(
  [
    packOf(
      [
        rule({ id: 'ONE', pattern: 'ab[0-9]' }),
        rule({ id: 'THREE', pattern: 'ab[0-9]', min_count: 3 }),
        rule({ id: 'LONG', max_chars: 7 }),
      ].join('\n'),
    ),
  ],
  { shadow: false, onError: 'deny', gapActions: {} },
);

function judge(...segments: Pick<Segment, 'text' | 'derived'>[]) {
  return policy.judge(
    { segments: segments.map((segment) => ({ role: 'user', pointer: '', ...segment })), gaps: [] },
    { direction: '', endpoint: '' },
  );
}

test('text that stands in another segment too is not counted twice', (t) => {
  const judgement = judge({ text: 'ab1' }, { text: ' ab2' }, { text: 'ab1 ab2', derived: true });
  t.deepEqual(
    judgement.matched.map(({ id }) => id),
    ['ONE'],
  );
  t.is(judgement.textLength, 7);
});

test('what only shows in the joined text still matches', (t) => {
  const judgement = judge({ text: 'a' }, { text: 'b7' }, { text: 'ab7', derived: true });
  t.deepEqual(
    judgement.matched.map(({ id }) => id),
    ['ONE'],
  );
});
