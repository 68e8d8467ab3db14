import test from 'ava';
import { fuzzGenerated, fuzzMutated } from '../fuzz/content.js';
import { corpus } from '../fuzz/corpus.js';
import { mutated } from '../fuzz/mutator.js';
import { createRandom } from '../fuzz/random.js';

// `npm run fuzz -- content` reads many more.
const seed = 20_261_128;

test('changed bodies of all formats: nothing throws, takes long, or is neither read nor named', async (t) => {
  t.deepEqual((await fuzzMutated({ runs: 10_000, seed })).failures, []);
});

test('generated bodies and headers: likewise', async (t) => {
  t.deepEqual((await fuzzGenerated({ runs: 1000, seed })).failures, []);
});

test('a seed makes the same body again, and its neighbour another one', (t) => {
  const bodies = corpus();
  t.deepEqual(mutated(bodies, createRandom(1)), mutated(bodies, createRandom(1)));
  t.notDeepEqual(mutated(bodies, createRandom(1)), mutated(bodies, createRandom(2)));
});
