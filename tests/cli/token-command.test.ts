import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { findToken, parseTokenFile, type TokenFile } from '../../sidecar/server/access/token.js';
import { runCli } from './run-cli.js';

async function inTemporary() {
  const directory = await mkdtemp(join(tmpdir(), 'jimini-token-'));
  const file = join(directory, '.jimini', 'control', 'tokens.json');
  const run = (...argv: string[]) => runCli(['token', ...argv], { directory });
  const stored = async () => parseTokenFile(await readFile(file, 'utf8')) as TokenFile;
  return { directory, file, run, stored };
}

test('an issued token is printed alone on standard output, works, and is not in the file', async (t) => {
  const { file, run, stored } = await inTemporary();
  const { code, out, err } = await run('issue', '--name', 'ana', '--role', 'auditor,reader');
  t.is(code, 0);
  t.regex(out, /^jmn_[a-z2-7]{16}_[a-z2-7]{52}\n$/);
  t.regex(err, /^jimini: token [a-z2-7]{16} of ana, until 20\d\d-\d\d-\d\d\n$/);
  const token = out.trim();
  const found = findToken((await stored()).tokens, token);
  t.is(found?.name, 'ana');
  t.deepEqual(found?.roles, ['auditor', 'reader']);
  const days = ((found?.expiresMs ?? 0) - (found?.issuedMs ?? 0)) / 86_400_000;
  t.is(days, 90);
  t.false((await readFile(file, 'utf8')).includes(token.slice(-20)));
  t.is((await stat(file)).mode & 0o777, 0o600);
});

test('a wrong secret, another id and anything else are not accepted', async (t) => {
  const { run, stored } = await inTemporary();
  const token = (await run('issue', '--name', 'ana', '--role', 'reader', '--days', '1')).out.trim();
  const other = (await run('issue', '--name', 'ben', '--role', 'reader')).out.trim();
  const file = await stored();
  const swapped = `${token.slice(0, 21)}${other.slice(21)}`;
  for (const presented of [swapped, `${token}a`, token.slice(0, -1), token.toUpperCase(), '', 'jmn__', `${token}\n`]) {
    t.is(findToken(file.tokens, presented), undefined, presented);
  }
  t.is(findToken(file.tokens, token)?.name, 'ana');
});

test('a revoked token is gone, by its id or by itself; the others stay', async (t) => {
  const { run, stored } = await inTemporary();
  const tokens = [];
  for (const name of ['a', 'b', 'c']) tokens.push((await run('issue', '--name', name, '--role', 'reader')).out.trim());
  const id = tokens[0]?.split('_')[1] as string;
  t.is((await run('revoke', id)).code, 0);
  const whole = await run('revoke', tokens[1] as string);
  t.is(whole.code, 0);
  t.false(whole.err.includes(tokens[1] as string));
  t.deepEqual(
    (await stored()).tokens.map(({ name }) => name),
    ['c'],
  );
  const unknown = await run('revoke', id);
  t.is(unknown.code, 2);
  t.regex(unknown.err, new RegExp(`there is no token ${id}`));
});

test('tokens are listed without anything that could be used', async (t) => {
  const { run, stored } = await inTemporary();
  const token = (await run('issue', '--name', 'ana', '--role', 'operator')).out.trim();
  const { sha256 } = (await stored()).tokens[0] as { sha256: string };
  const table = await run('list');
  t.regex(table.out, /^ID +NAME +ROLES +EXPIRES\n[a-z2-7]{16} +ana +operator +20\d\d-\d\d-\d\d\n$/);
  const json = await run('list', '--format', 'json');
  t.is(JSON.parse(json.out)[0].name, 'ana');
  for (const { out } of [table, json]) {
    t.false(out.includes(sha256));
    t.false(out.includes(token.slice(21)));
  }
  t.is((await runCli(['token', 'list'], { directory: tmpdir(), env: { JIMINI_DATA_DIR: '/nowhere' } })).code, 0);
});

test('many at one time do not lose one another', async (t) => {
  const { run, stored } = await inTemporary();
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
  await Promise.all(names.map((name) => run('issue', '--name', name, '--role', 'reader')));
  t.deepEqual((await stored()).tokens.map(({ name }) => name).toSorted(), names.toSorted());
});

const refused = test.macro(async (t, argv: readonly string[], message: RegExp) => {
  const { run } = await inTemporary();
  const { code, out, err } = await run('issue', ...argv);
  t.is(code, 2);
  t.is(out, '');
  t.regex(err, message);
});
test(
  'a role that is not known is refused with the nearest one',
  refused,
  ['--name', 'a', '--role', 'reader,audtor'],
  /did you mean auditor/,
);
test(
  'a name that would not be safe in a record is refused',
  refused,
  ['--name', 'a b', '--role', 'reader'],
  /letters, digits/,
);
test(
  'a life of over a year is refused',
  refused,
  ['--name', 'a', '--role', 'reader', '--days', '400'],
  /from 1 to 366/,
);
test('a token without a role is refused', refused, ['--name', 'a'], /--role/);

test('a file that others can read, or that somebody changed, is not touched', async (t) => {
  const { file, run } = await inTemporary();
  await run('issue', '--name', 'ana', '--role', 'reader');
  await chmod(file, 0o644);
  const open = await run('issue', '--name', 'ben', '--role', 'reader');
  t.is(open.code, 2);
  t.regex(open.err, /tokens\.json: can be read or written by others/);
  await chmod(file, 0o600);
  for (const text of ['{', '[]', '{"version":2,"tokens":[]}', '{"version":1,"tokens":[{"id":"x"}]}']) {
    await writeFile(file, text);
    const changed = await run('list');
    t.is(changed.code, 2, text);
    t.regex(changed.err, /tokens\.json: .*restore it, or remove it/);
    t.is(await readFile(file, 'utf8'), text);
  }
});
