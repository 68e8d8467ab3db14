import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LineCounter, parseAllDocuments } from 'yaml';
import { generatedPack } from '../../bench/generated-pack.js';
import { takeSteps } from '../../sidecar/kernel/steps.js';
import { explained } from '../../sidecar/policy/yaml-faults.js';
import { parseParts } from '../../sidecar/policy/yaml-parts.js';
import { parseYaml, type Tree, YamlFault } from '../../sidecar/policy/yaml-tree.js';
import { repositoryRoot } from '../processes/sidecar.js';

const PACKS = join(repositoryRoot, 'sidecar', 'policy', 'packs');
const packs = readdirSync(PACKS).map((name) => ({ name, text: readFileSync(join(PACKS, name), 'utf8') }));

/** What the library's own function makes of a text: its value, or the first thing wrong with it. */
function wholeOf(text: string): string {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const [first] = 'empty' in documents ? [] : documents;
  if (!first || documents.length > 1) return documents.length > 1 ? 'more than one YAML document' : 'the file is empty';
  const [fault] = first.errors;
  if (fault) return `${JSON.stringify(lines.linePos(fault.pos[0]))} ${explained(fault)}`;
  try {
    return JSON.stringify(first.toJS({ maxAliasCount: -1 }));
  } catch (error) {
    return `alias: ${error instanceof Error ? error.message : error}`;
  }
}

/** The same of the parts, put together again. */
function partsOf(text: string): string {
  try {
    return JSON.stringify(plain(takeSteps(parseYaml(text))));
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    const { line, column: col } = error.place;
    if (error.message.startsWith('not YAML: ')) return `${JSON.stringify({ line, col })} ${error.message.slice(10)}`;
    return error.message;
  }
}

function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
}

/** What a tree refuses and the library does not: it is looked for in the whole file, whichever part it is in. */
const REFUSED_BY_TREE =
  /a key must be a string|no anchor called|not a value that is read|document|empty|too many values/;

function isSame(text: string): boolean {
  const parts = partsOf(text);
  return parts === wholeOf(text) || REFUSED_BY_TREE.test(parts);
}

for (const { name, text } of packs) {
  test(`${name} is the same read in parts as read at once, and so is what is wrong with it once damaged`, (t) => {
    t.is(partsOf(text), wholeOf(text));
    const piece = text.slice(0, 12_000);
    for (let at = 40; at < piece.length; at += 1999) {
      for (const damage of ['"', '\n', ': ', '- ', '&a ', '*a ', '\t', '\n---\n', '{', '|\n']) {
        const damaged = piece.slice(0, at) + damage + piece.slice(at);
        t.true(isSame(damaged), `${JSON.stringify(damage)} at ${at}: ${partsOf(damaged).slice(0, 200)}`);
      }
      t.true(isSame(piece.slice(0, at)), `cut at ${at}`);
    }
  });
}

test('a list after thousands of other lines is cut like any other', (t) => {
  const keys = Array.from({ length: 300 }, (_, i) => `key${i}: some value of this key\n`).join('');
  const text = `${keys}rules:\n${'  - {id: a}\n'.repeat(50)}`;
  t.is(takeSteps(parseParts(text, new LineCounter()))[0]?.more.length, 6);
  t.is(partsOf(text), wholeOf(text));
});

test('places in the file are right in every part', (t) => {
  const tree = takeSteps(parseYaml(`name: x\nrules:\n${'  - id: a\n    tags: [b]\n'.repeat(40)}`));
  const rules = tree.kind === 'map' ? tree.entries[1]?.value : undefined;
  const items: readonly Tree[] = rules?.kind === 'list' ? rules.items : [];
  t.deepEqual(
    items.map(({ line, column }) => [line, column]),
    Array.from({ length: 40 }, (_, i) => [3 + 2 * i, 5]),
  );
});

test('an alias still finds its anchor in another rule', (t) => {
  const tree = takeSteps(parseYaml(`rules:\n  - &a {id: one}\n${'  - {id: two}\n'.repeat(20)}  - *a\n`));
  const rules = tree.kind === 'map' ? tree.entries[0]?.value : undefined;
  const last = rules?.kind === 'list' ? rules.items.at(-1) : undefined;
  t.like(last, { kind: 'map', entries: [{ key: 'id', value: { value: 'one' } }] });
  t.throws(() => takeSteps(parseYaml('rules:\n  - *none\n')), { instanceOf: YamlFault });
});

test('a file of many rules is read in many steps', (t) => {
  let steps = 0;
  for (const _ of parseYaml(generatedPack({ name: 'many', rules: 300, seed: 1 }))) steps++;
  t.true(steps > 100, String(steps));
});
