import { stopCoverage } from 'node:v8';
import test from 'ava';
import type { Judgement } from '../../sidecar/kernel/evaluation.js';
import {
  casesOf,
  type EvasionCase,
  HARMLESS_REQUESTS,
  KNOWN_MISSES,
  knownMiss,
  requestsOf,
  SCOPED_PACK,
  TECHNIQUES,
  TWIN_GAPS,
  twinGaps,
} from './cases.js';
import { createDoor } from './door.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

// What each file here holds: see README.md.

let judge: Awaited<ReturnType<typeof createDoor>>;
test.before(async () => {
  judge = await createDoor(SCOPED_PACK);
});

const kindsOf = ({ gaps }: Judgement) => gaps.map(({ kind }) => kind).sort();
const idsOf = ({ matched }: Judgement) => matched.map(({ id }) => id);

/** What is wrong with the judgements of one case, in words. */
function faultsOf({ technique, format, planted, twin }: EvasionCase): string[] {
  const faults: string[] = [];
  for (const { payload, request } of planted) {
    const { effective } = judge(request);
    const isKnown = knownMiss(technique, format, payload) !== undefined;
    if (effective === 'ALLOW' && !isKnown) faults.push(`${format}: ${payload} passes unseen`);
    if (effective !== 'ALLOW' && isKnown)
      faults.push(`${format}: ${payload} is seen, though a known miss says it is not`);
  }
  const judged = judge(twin);
  const expected = [...twinGaps(technique, format)].sort();
  if (`${kindsOf(judged)}` !== `${expected}`)
    faults.push(`${format}: the twin has the gaps [${kindsOf(judged)}], not [${expected}]`);
  if (judged.matched.length > 0) faults.push(`${format}: the twin is found by ${idsOf(judged)}`);
  if (expected.length === 0 && judged.effective !== 'ALLOW') faults.push(`${format}: the twin is ${judged.effective}`);
  return faults;
}

for (const technique of TECHNIQUES) {
  test(`${technique}: nothing that is planted passes unseen, and what is harmless is judged as it would be in plain`, (t) => {
    const cases = casesOf(technique);
    t.true(cases.length > 0);
    t.deepEqual(cases.flatMap(faultsOf), []);
    for (const { why } of KNOWN_MISSES.filter((miss) => miss.technique === technique)) t.log(`known miss: ${why}`);
  });
}

test('what is told by chance only flags', (t) => {
  const guesses = [
    'a word backwards, with nothing around it',
    'split over members whose names are not numbered',
    'split over a name without a space and its value',
    'in the parameter of a credential, without spaces',
    'in the path itself, with dashes for spaces',
  ];
  for (const guess of guesses) {
    const verdicts = casesOf(guess).flatMap(({ planted }) =>
      planted.filter(({ payload }) => payload === 'token').map(({ request }) => judge(request).effective),
    );
    t.true(verdicts.length > 0);
    t.deepEqual([...new Set(verdicts)], ['FLAG'], guess);
  }
});

for (const harmless of HARMLESS_REQUESTS) {
  test(`what only looks like a way around the guard passes: ${harmless.title}`, (t) => {
    for (const request of requestsOf(harmless)) {
      const judged = judge(request);
      t.deepEqual([judged.effective, ...kindsOf(judged)], ['ALLOW'], `${request.path}: ${idsOf(judged)}`);
    }
  });
}

test('there are at least 400 cases of 20 techniques, and every line of the data files is about one of them', (t) => {
  const cases = TECHNIQUES.flatMap(casesOf);
  t.log(
    `${TECHNIQUES.length} techniques, ${cases.flatMap(({ planted }) => planted).length} planted, ${cases.length} twins`,
  );
  t.true(TECHNIQUES.length >= 20);
  t.true(cases.flatMap(({ planted }) => planted).length >= 400);
  const named = [...Object.keys(TWIN_GAPS), ...KNOWN_MISSES.map(({ technique }) => technique)];
  t.deepEqual(
    named.filter((technique) => !TECHNIQUES.includes(technique)),
    [],
  );
});
