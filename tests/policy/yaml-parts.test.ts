import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { LineCounter, parseAllDocuments } from 'yaml';
import { generatedPack } from '../../bench/generated-pack.js';
import { takeSteps } from '../../sidecar/kernel/steps.js';
import { explained, YamlFault } from '../../sidecar/policy/yaml-faults.js';
import { joined, type Tree, TreeReader } from '../../sidecar/policy/yaml-tree.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { listFiles } from './list-files.js';

const PACKS = join(repositoryRoot, 'sidecar', 'policy', 'packs');
const packs = readdirSync(PACKS).map((name) => ({ name, text: readFileSync(join(PACKS, name), 'utf8') }));

function treesOf(text: string, isCut: boolean): Tree[] {
  return takeSteps(new TreeReader(text, { isCut }).rest());
}

function whole([first, ...more]: readonly Tree[]): Tree | undefined {
  return first && joined(first, more);
}

function readInParts(text: string): Tree | undefined {
  try {
    return whole(treesOf(text, true));
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    return whole(treesOf(text, false));
  }
}

/** The tree, or what is wrong with the text and where. */
function outcomeOf<T>(read: () => T): T | object {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    return { message: error.message, place: error.place };
  }
}

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
    return JSON.stringify(plain(readInParts(text)));
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    const { line, column: col } = error.place;
    if (error.message.startsWith('not YAML: ')) return `${JSON.stringify({ line, col })} ${error.message.slice(10)}`;
    return error.message;
  }
}

function plain(tree: Tree | undefined): unknown {
  if (!tree) return undefined;
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
  t.is(treesOf(text, true).length, 13);
  t.is(partsOf(text), wholeOf(text));
});

test('places in the file are right in every part', (t) => {
  const tree = readInParts(`name: x\nrules:\n${'  - id: a\n    tags: [b]\n'.repeat(40)}`);
  const rules = tree?.kind === 'map' ? tree.entries[1]?.value : undefined;
  const items: readonly Tree[] = rules?.kind === 'list' ? rules.items : [];
  t.deepEqual(
    items.map(({ line, column }) => [line, column]),
    Array.from({ length: 40 }, (_, i) => [3 + 2 * i, 5]),
  );
});

test('an alias still finds its anchor in another rule', (t) => {
  const tree = readInParts(`rules:\n  - &a {id: one}\n${'  - {id: two}\n'.repeat(20)}  - *a\n`);
  const rules = tree?.kind === 'map' ? tree.entries[0]?.value : undefined;
  const last = rules?.kind === 'list' ? rules.items.at(-1) : undefined;
  t.like(last, { kind: 'map', entries: [{ key: 'id', value: { value: 'one' } }] });
  t.throws(() => readInParts('rules:\n  - *none\n'), { instanceOf: YamlFault });
});

test('an alias stands for the last node before it with its anchor, whatever else an alias stands for', (t) => {
  const between = '- {id: two}\n'.repeat(20);
  for (const [anchors, aliases] of [
    ['- &a {b: &b 1}\n- &b 2\n', '- *a\n- *b\n'],
    ['- &a {b: &b 1, c: *b}\n- &b 2\n', '- {d: *a, e: *b}\n'],
    ['- &a {b: &a 1}\n', '- *a\n'],
    ['- {&a b: 1}\n', '- *a\n'],
  ]) {
    const text = `rules:\n${anchors}${between}${aliases}`;
    t.is(partsOf(text), wholeOf(text));
  }
});

test('a file of many rules is read in many steps', (t) => {
  const reader = new TreeReader(generatedPack({ name: 'many', rules: 300, seed: 1 }), { isCut: true });
  let steps = 0;
  for (let isMore = true; isMore; ) {
    const tree = reader.next();
    let step = tree.next();
    for (; !step.done; step = tree.next()) steps++;
    isMore = step.value !== undefined;
  }
  t.true(steps > 100, String(steps));
});

test('every built-in pack of more than a few rules is read in parts', (t) => {
  for (const { name, text } of packs) {
    const rules = text.match(/^ *- id:/gm)?.length ?? 0;
    t.is(treesOf(text, true).length, Math.ceil(rules / 4), name);
  }
});

test('what only looks like the last list, or like items of it, is not cut', (t) => {
  const items = '- b\n'.repeat(9);
  for (const text of [
    `rules:\n- a\n"k":\n${items}`,
    `rules:\n${items}"k":\n${items}`,
    `rules:\n- b\n- b\n- b\n- b\n...\n${items}`,
    `rules: &all\n${items}- *all\n`,
    `rules: [\n${items}]\n`,
    `rules: |\n ${items.replaceAll('-', ' -')}`,
    `a: "\nrules:\n${items}"\n`,
    `a: "\n rules:\n ${items}"\nb: 1\n`,
    `? rules\n:\n${items}`,
    `rules:\n  rules:\n  - a\n${items}`,
  ]) {
    const cut = outcomeOf(() => treesOf(text, true));
    if (Array.isArray(cut)) t.is(cut.length, 1, text);
  }
});

test('any file has the same values at the same places, or the same fault, read in parts as read at once', (t) => {
  let cut = 0;
  fc.assert(
    fc.property(listFiles, (text) => {
      const inParts = outcomeOf(() => treesOf(text, true));
      const atOnce = outcomeOf(() => treesOf(text, false));
      if (!Array.isArray(inParts)) return; // the file is read at once
      if (inParts.length > 1) cut++;
      t.deepEqual(whole(inParts), Array.isArray(atOnce) ? atOnce[0] : atOnce);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 2000) },
  );
  t.true(cut > 100, String(cut));
});
