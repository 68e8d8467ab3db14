import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { tempDirectory } from '../config/temp-directory.js';
import { runCli } from './run-cli.js';

const CARD = '4111 1111 1111 1111';
const PACK = `
- {id: STOP, title: "Stop\\e[2J word", severity: high, action: block, pattern: stopword}
- {id: NOTE, title: Note word, severity: low, action: flag, pattern: noteword, applies_to: [outbound]}
- {id: PATH, title: Path word, severity: low, action: flag, pattern: pathword, endpoints: [/v1/*]}
- {id: LONG, title: Long, severity: low, action: flag, max_chars: 40}
`;

const exits = test.macro(async (t, argv: readonly string[], code: number) => {
  t.is((await runCli(['test', ...argv])).code, code);
});
test('allow exits 0', exits, ['--text', 'hello'], 0);
test('flag exits 0', exits, ['--text', 'write to someone@example.com'], 0);
test('block exits 1', exits, ['--text', CARD], 1);
test('block in shadow exits 0', exits, ['--text', CARD, '--shadow'], 0);
test('a pack that does not apply does not block', exits, ['--text', CARD, '--pack', 'injection'], 0);
test('packs may be repeated', exits, ['--text', CARD, '--pack', 'injection', '--pack', 'pci'], 1);
test('packs may be a list', exits, ['--text', CARD, '--pack', 'injection, pci'], 1);
test('a body that cannot be read is blocked', exits, ['--body', 'package.json', '--content-encoding', 'gzip'], 1);
test('no input exits 2', exits, [], 2);
test('two inputs exit 2', exits, ['--text', 'a', '--file', 'b'], 2);
test('a content type without a body exits 2', exits, ['--text', 'a', '--content-type', 'text/plain'], 2);
test('an unknown direction exits 2', exits, ['--text', 'a', '--direction', 'sideways'], 2);
test('an unknown pack exits 2', exits, ['--text', 'a', '--pack', 'nonsense'], 2);
test('a pack listed twice exits 2', exits, ['--text', 'a', '--pack', 'pci', '--pack', 'all'], 2);
test('a file that is not there exits 2', exits, ['--file', '/nowhere/x'], 2);
test('a directory as a file exits 2 and says what is wanted', async (t) => {
  t.deepEqual(await runCli(['test', '--file', '/']), {
    code: 2,
    out: '',
    err: 'jimini: /: is a directory; name a file\n',
  });
});

test('the table says why, and never shows the text', async (t) => {
  const { out, err } = await runCli(['test', '--text', `my card is ${CARD}`]);
  t.is(err, '');
  t.regex(out, /^verdict {3}BLOCK$/m);
  t.regex(
    out,
    /^block {5}PCI-CARD-NUMBER {2}\(pci [0-9a-f]{12}\)\n {10}bytes 11-30, score 1\.00, validator card, at \(text\)$/m,
  );
  for (const format of ['table', 'json', 'sarif']) {
    const formatted = await runCli(['test', '--text', `my card is ${CARD}`, '--format', format]);
    t.notRegex(formatted.out, /4111/, format);
  }
});

test('a rule that only marks is listed in the table without places', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), '[{id: MARK, title: Mark, severity: low, action: allow, pattern: word}]');
  const { out } = await runCli(['test', '--pack', 'own.yaml', '--text', 'a word'], { directory });
  t.regex(out, /nothing speaks against it/);
  t.regex(out, /\nallow {5}MARK {2}\(own\)\n$/);
});

test('an exception for a tenant holds for the configured one and for the one that is asked for', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'own.yaml'),
    'name: own\nversion: "1"\nrules:\n  - {id: W, title: w, severity: low, action: block, pattern: word, except: [{values: [word], tenant: acme}]}\n',
  );
  const codeOf = async (argv: readonly string[], env: Record<string, string> = {}) =>
    (await runCli(['test', '--pack', 'own.yaml', '--text', 'a word', ...argv], { directory, env })).code;
  t.is(await codeOf([]), 1);
  t.is(await codeOf(['--tenant', 'acme']), 0);
  t.is(await codeOf([], { JIMINI_TENANT: 'acme' }), 0);
  t.is(await codeOf(['--tenant', 'other'], { JIMINI_TENANT: 'acme' }), 1);
});

test('the table fits a terminal of 80 columns, with many findings and long words', async (t) => {
  const directory = tempDirectory(t);
  const title = 'A title of many words '.repeat(5);
  writeFileSync(
    join(directory, 'own.yaml'),
    `[{id: ${'LONG-ID-'.repeat(5)}, title: ${title}, severity: low, action: flag, pattern: word}]`,
  );
  const body = JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'text', text: 'word '.repeat(40) }] }] });
  const { out } = await runCli(['test', '--pack', 'own.yaml', '--body', '-'], { directory, stdin: body });
  const lines = out.split('\n');
  t.true(lines.length > 40);
  t.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
});

test('--reveal shows what was found, printable and cut, and nothing else does', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(
    join(directory, 'own.yaml'),
    '[{id: KEY, title: Key, severity: low, action: block, pattern: "key=(?P<value>\\\\S{1,1000})"}]',
  );
  const secret = `s3cr3t\u001b[2J${'x'.repeat(400)}`;
  const formats = ['table', 'json', 'sarif'];
  const run = (...argv: string[]) =>
    runCli(['test', '--pack', 'own.yaml', '--text', `é key=${secret}`, ...argv], { directory });
  for (const format of formats) t.notRegex((await run('--format', format)).out, /s3cr3t/, format);
  for (const format of formats) {
    const { out } = await run('--format', format, '--reveal');
    t.regex(out, /s3cr3t/, format);
    t.false(out.includes('\u001b'), format);
    t.regex(out, /x{150}\.\.\./, format);
    t.notRegex(out, /x{201}/, format);
  }
});

test('--reveal finds the text of what stands twice at one pointer', async (t) => {
  const body = JSON.stringify({ arguments: JSON.stringify({ card: CARD, note: 'x' }) });
  const { out } = await runCli(['test', '--body', '-', '--format', 'json', '--reveal'], { stdin: body });
  const { findings } = JSON.parse(out) as { findings: { text: string }[] };
  t.true(findings.length >= 2);
  t.true(findings.every(({ text }) => text === CARD));
});

const MASKING = `[{id: CARD, title: Card, severity: low, action: mask, pattern: '${CARD}', mask: last4},
  {id: NOTE, title: Note, severity: low, action: flag, pattern: noteword}]`;

test('what is masked exits 1 and shows the masked text, unless it holds what other rules found', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), MASKING);
  const run = (text: string, ...argv: string[]) =>
    runCli(['test', '--pack', 'own.yaml', '--text', text, ...argv], { directory });
  const { code, out } = await run(`to ${CARD} x`);
  t.is(code, 1);
  t.regex(out, /^masked {4}to \*{4}1111 x$/m);
  t.like(JSON.parse((await run(`to ${CARD} x`, '--format', 'json')).out), {
    verdict: 'MASK',
    masked_text: 'to ****1111 x',
  });
  t.regex((await run(`noteword ${CARD}`)).out, /^masked {4}\(holds what other rules found: see --reveal\)$/m);
  t.notRegex((await run(`noteword ${CARD}`, '--format', 'json')).out, /noteword/);
  t.regex((await run(`noteword ${CARD}`, '--reveal')).out, /^masked {4}noteword \*{4}1111$/m);
  t.is((await run(CARD, '--shadow')).code, 0);
});

test('what cannot be masked says so', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), '[{id: A, title: A, severity: low, action: mask, pattern: a*}]');
  const { code, out } = await runCli(['test', '--pack', 'own.yaml', '--text', 'b'], { directory });
  t.is(code, 1);
  t.regex(out, /^masked {4}\(cannot be made: the content must not pass\)$/m);
});

test('a pack of our own, by direction and endpoint', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), PACK);
  const ids = async (...argv: string[]) => {
    const { out } = await runCli(['test', '--pack', './own.yaml', '--format', 'json', ...argv], { directory });
    return (JSON.parse(out) as { rule_ids: string[] }).rule_ids;
  };
  t.deepEqual(await ids('--text', 'noteword'), ['NOTE']);
  t.deepEqual(await ids('--text', 'noteword', '--direction', ' Outbound '), ['NOTE']);
  t.deepEqual(await ids('--text', 'noteword', '--direction', 'inbound'), []);
  t.deepEqual(await ids('--text', 'pathword'), []);
  t.deepEqual(await ids('--text', 'pathword', '--endpoint', '/v1/x/../chat'), ['PATH']);
  t.deepEqual(await ids('--text', 'x'.repeat(41)), ['LONG']);
});

test('an endpoint that servers read differently is a gap', async (t) => {
  const { code, out } = await runCli(['test', '--text', 'hi', '--endpoint', '/v1/%2e%2e%2fx', '--format', 'json']);
  t.is(code, 1);
  t.deepEqual((JSON.parse(out) as { coverage_gaps: string[] }).coverage_gaps, ['path:ambiguous']);
});

test('hostile titles are shown, not acted on', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'own.yaml'), PACK);
  for (const format of ['table', 'json', 'sarif']) {
    const argv = ['test', '--pack', 'own.yaml', '--text', 'stopword', '--format', format];
    const { code, out } = await runCli(argv, { directory });
    t.is(code, 1);
    t.false(out.includes('\u001b'), format);
  }
});

test('- reads standard input, for text and for bodies', async (t) => {
  for (const flag of ['--text', '--file']) t.is((await runCli(['test', flag, '-'], { stdin: CARD })).code, 1);
  const body = JSON.stringify({ messages: [{ role: 'user', content: CARD }] });
  const { code, out } = await runCli(['test', '--body', '-', '--format', 'json'], { stdin: body });
  t.is(code, 1);
  t.is((JSON.parse(out) as { findings: { pointer: string }[] }).findings[0]?.pointer, '/messages/0/content');
});

test('an input over the body limit is refused, not read to its end', async (t) => {
  const { code, err } = await runCli(['test', '--file', '/dev/zero']);
  t.is(code, 2);
  t.is(err, `jimini: /dev/zero: larger than ${LIMITS.bodyBytesMax} bytes\n`);
});

test('text that is no UTF-8 is refused as text, and a gap as a body', async (t) => {
  const stdin = Uint8Array.of(0xc3, 0x28);
  const asText = await runCli(['test', '--file', '-'], { stdin });
  t.is(asText.code, 2);
  t.regex(asText.err, /not valid UTF-8/);
  const asBody = await runCli(['test', '--body', '-', '--content-type', 'text/plain', '--format', 'json'], { stdin });
  t.is(asBody.code, 1);
});

test('the settings of the configuration count, as for the sidecar', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'jimini.yaml'), 'packs: [injection]\npolicy: {gaps: {"coding:malformed": flag}}\n');
  const run = (...argv: string[]) => runCli(['test', ...argv], { directory, env: { JIMINI_CONFIG: 'jimini.yaml' } });
  t.is((await run('--text', CARD)).code, 0);
  t.is((await run('--body', 'jimini.yaml', '--content-encoding', 'gzip')).code, 0);
  t.is((await runCli(['test', '--text', CARD], { env: { JIMINI_SHADOW: 'true' } })).code, 0);
  t.is((await runCli(['test', '--text', CARD], { env: { JIMINI_SHADOW: 'x' } })).code, 2);
});
