import test from 'ava';
import { generatedPack } from '../../bench/generated-pack.js';
import { ordinaryTexts } from '../../bench/texts.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';

test('the texts that are judged are 2 KB of whole characters each', (t) => {
  for (const [name, text] of ordinaryTexts(2048)) {
    const bytes = Buffer.byteLength(text);
    t.true(bytes > 2044 && bytes <= 2048 + 3, `${name}: ${bytes}`);
    t.notRegex(text, /\ufffd/, name);
  }
});

test('the same options generate the same pack, another seed another one', (t) => {
  const options = { name: 'generated', rules: 60, seed: 1 };
  t.is(generatedPack(options), generatedPack(options));
  t.not(generatedPack(options), generatedPack({ ...options, seed: 2 }));
});

test('a generated pack is a good one, and each rule looks for a word of its own', (t) => {
  const text = generatedPack({ name: 'generated', rules: 60, seed: 1 });
  const { pack, problems } = loadPack({ name: 'generated', file: 'generated.yaml', text });
  t.deepEqual(problems, []);
  const literals = pack?.rules.map(({ pattern }) => pattern?.compiled.facts.literals?.join(' '));
  t.is(new Set(literals).size, 60);
});
