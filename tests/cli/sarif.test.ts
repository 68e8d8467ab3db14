import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
// The schema as its authors publish it. Ajv 6 because it is of JSON Schema draft 4, which later ones do not read.
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import Ajv from 'ajv';
import draft4 from 'ajv/lib/refs/json-schema-draft-04.json' with { type: 'json' };
import test, { type ExecutionContext } from 'ava';
import { judgementSarif } from '../../sidecar/cli/sarif.js';
import { placesIn } from '../../sidecar/cli/text-place.js';
import { tempDirectory } from '../config/temp-directory.js';
import { runCli } from './run-cli.js';

const PACK = `
- {id: STOP, title: "Stop\\e[2J word", severity: high, action: block, pattern: stopword}
- {id: HIDE, title: Hide word, severity: high, action: block, pattern: hideword}
- {id: NOTE, title: Note word, severity: low, action: flag, pattern: noteword}
- {id: PASS, title: Pass word, severity: low, action: allow, pattern: password}
- {id: LONG, title: Long, severity: low, action: flag, max_chars: 400}
`;
const ALL_WORDS = 'é stopword,\nnoteword and stopword\r\nand 𝟙 hideword password';

interface Location {
  readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string }; readonly region?: object };
}

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly Location[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

const ajv = new Ajv({ schemaId: 'id', meta: false, allErrors: true });
ajv.addMetaSchema(draft4);
const isValid = ajv.compile(sarifSchema);

/** Runs `jimini test --format sarif` with the pack above, checks the answer against the schema and returns it. */
async function sarifOf(t: ExecutionContext, argv: readonly string[], files: Record<string, string> = {}) {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), PACK);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const at = argv.map((argument) => argument.replace('DIRECTORY', directory));
  const { out, err } = await runCli(['test', '--format', 'sarif', '--pack', 'own.yaml', ...at], { directory });
  t.is(err, '');
  const sarif = JSON.parse(out) as Sarif;
  isValid(sarif);
  t.deepEqual(isValid.errors ?? [], []);
  const [run] = sarif.runs;
  const { results = [] } = run ?? {};
  t.true(results.every(({ ruleId, ruleIndex }) => run?.tool.driver.rules[ruleIndex]?.id === ruleId));
  t.notRegex(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  return { results, out, directory };
}

const levels = (results: Sarif['runs'][0]['results']) => results.map(({ ruleId, level }) => [ruleId, level]);

test('the validator tells a log from one that breaks the schema', async (t) => {
  const { out } = await sarifOf(t, ['--text', ALL_WORDS]);
  t.true(isValid(JSON.parse(out)));
  for (const broken of [
    out.replace('"level": "error"', '"level": "fatal"'),
    out.replace('"ruleIndex": 0', '"ruleIndex": "0"'),
    out.replace('"version": "2.1.0"', '"version": "2.0"'),
    out.replace('"results"', '"result"'),
    out.replace(/"text": "Hide word"/, '"texts": "Hide word"'),
  ]) {
    t.not(broken, out);
    t.false(isValid(JSON.parse(broken)));
  }
});

test('every rule that blocks, masks or flags has one result; one that allows has none', async (t) => {
  const { results } = await sarifOf(t, ['--text', ALL_WORDS]);
  t.deepEqual(levels(results), [
    ['own/STOP', 'error'],
    ['own/HIDE', 'error'],
    ['own/NOTE', 'warning'],
  ]);
  t.is(results[0]?.locations.length, 2);
  t.is(results[0]?.locations[0]?.physicalLocation, undefined, 'there is no file');
});

test('a mask is an error like a block', (t) => {
  const rule = {
    id: 'HIDE',
    pack: 'own',
    title: '',
    severity: 'low',
    action: 'mask',
    effectiveAction: 'mask',
  } as const;
  const verdicts = { raw: 'MASK', effective: 'MASK', policyRevision: '', textLength: 0 } as const;
  const judgement = { ...verdicts, matched: [rule], findings: [], gaps: [] };
  const sarif = JSON.parse(
    judgementSarif(judgement, { version: '0', gapActions: new Map(), shown: { textOf: () => undefined } }),
  ) as Sarif;
  t.true(isValid(sarif), 'without a title, too');
  t.deepEqual(levels(sarif.runs[0]?.results ?? []), [['own/HIDE', 'error']]);
});

test('a match has its lines, columns and bytes in the file', async (t) => {
  const { results } = await sarifOf(t, ['--file', 'notes.txt'], { 'notes.txt': ALL_WORDS });
  const at = (startLine: number, startColumn: number, byteOffset: number) => ({
    artifactLocation: { uri: 'notes.txt' },
    region: { startLine, startColumn, endLine: startLine, endColumn: startColumn + 8, byteOffset, byteLength: 8 },
  });
  t.deepEqual(
    results.map(({ locations }) => locations.map(({ physicalLocation }) => physicalLocation)),
    [[at(1, 3, 3), at(2, 14, 26)], [at(3, 8, 45)], [at(2, 1, 13)]],
  );
});

for (const name of ['my notes.txt', 'a:b.txt', '100%.txt', 'what?#now.txt', 'é.txt', 'o\u202e.txt']) {
  test(`a file called ${JSON.stringify(name)} is a valid relative reference`, async (t) => {
    const { results } = await sarifOf(t, ['--file', name], { [name]: 'stopword' });
    t.is(results[0]?.locations[0]?.physicalLocation?.artifactLocation.uri, encodeURIComponent(name));
  });
}

test('an absolute name becomes a file URI', async (t) => {
  const { results, directory } = await sarifOf(t, ['--file', 'DIRECTORY/n.txt'], { 'n.txt': 'stopword' });
  t.is(results[0]?.locations[0]?.physicalLocation?.artifactLocation.uri, `file://${directory}/n.txt`);
});

test('a body has pointers instead of regions; a gap and a rule without a place stand for the whole file', async (t) => {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'stopword' }] });
  const read = await sarifOf(t, ['--body', 'b.json'], { 'b.json': body });
  t.like(read.results[0]?.locations[0], {
    physicalLocation: { artifactLocation: { uri: 'b.json' } },
    logicalLocations: [{ fullyQualifiedName: '/messages/0/content' }],
  });
  t.false(read.out.includes('region'));

  const gap = await sarifOf(t, ['--body', 'b.json', '--content-encoding', 'br'], { 'b.json': '{}' });
  const long = await sarifOf(t, ['--file', 'l.txt'], { 'l.txt': 'x'.repeat(500) });
  t.deepEqual(levels(gap.results), [['gap/coding:malformed', 'error']]);
  t.deepEqual(levels(long.results), [['own/LONG', 'warning']]);
  const whole = (uri: string) => [{ physicalLocation: { artifactLocation: { uri } } }];
  t.deepEqual(gap.results[0]?.locations, whole('b.json'));
  t.deepEqual(long.results[0]?.locations, whole('l.txt'));
});

test('what shadow holds back is no result', async (t) => {
  const files = { 'n.txt': ALL_WORDS };
  t.deepEqual((await sarifOf(t, ['--file', 'n.txt', '--shadow'], files)).results, []);
  t.deepEqual((await sarifOf(t, ['--body', 'n.txt', '--content-encoding', 'br', '--shadow'], files)).results, []);
});

test('a fingerprint stays when the match moves, and tells rules and files apart', async (t) => {
  const prints = async (name: string, text: string) => {
    const { results } = await sarifOf(t, ['--file', name], { [name]: text });
    return results.map(({ partialFingerprints }) => Object.values(partialFingerprints).join());
  };
  const [stop, note] = await prints('n.txt', 'stopword noteword');
  t.regex(stop ?? '', /^[0-9a-f]{64}$/);
  t.not(stop, note);
  t.deepEqual(await prints('n.txt', 'now noteword, later\nstopword, stopword'), [stop, note]);
  t.not((await prints('m.txt', 'stopword'))[0], stop);
});

test('places count lines by line feeds and columns by UTF-16 units', (t) => {
  const text = 'é\n\n𝟙x\r\nlast';
  const at = placesIn(text);
  const places = ['', 'é', 'é\n', 'é\n\n', 'é\n\n𝟙', 'é\n\n𝟙x\r\n', text].map((before) => {
    const { line, column } = at(Buffer.byteLength(before));
    return `${line}:${column}`;
  });
  t.deepEqual(places, ['1:1', '1:2', '2:1', '3:1', '3:3', '4:1', '4:5']);
  t.deepEqual(placesIn('')(0), { line: 1, column: 1 });
});
