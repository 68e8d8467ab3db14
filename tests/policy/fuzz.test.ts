import test from 'ava';
import { fuzzPatterns, fuzzTexts } from '../fuzz/policy.js';

// `npm run fuzz -- policy` runs many more.
const options = { runs: 1000, seed: 20_261_124 };

test('generated patterns on generated texts: both engines agree, and work is bounded', (t) => {
  t.deepEqual(fuzzPatterns(options).failures, []);
});

test('generated texts through the default packs: nothing throws, and work is bounded', (t) => {
  t.deepEqual(fuzzTexts(options).failures, []);
});
