import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../sidecar/config/load.js';
import { keyFilesOf, readModeratorKeys } from '../../sidecar/config/moderator-keys.js';
import { formatProblem } from '../../sidecar/config/problem.js';
import { readSecretFile } from '../../sidecar/config/read-file.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { tempDirectory } from './temp-directory.js';

const MINIMAL = 'kind: openai-chat, model: m, url: "https://models.example/v1/chat/completions"';

async function configOf(directory: string, text: string) {
  writeFileSync(join(directory, 'jimini.yaml'), text);
  const { config, problems } = await loadConfig({ file: 'jimini.yaml', env: {}, directory });
  if (!config) throw new Error(problems.map(formatProblem).join('\n'));
  return config;
}

test('a moderator has defaults for all but what only its operator knows', async (t) => {
  const { moderators } = await configOf(tempDirectory(t), `moderators: {default: {${MINIMAL}}}`);
  t.deepEqual(moderators, {
    default: {
      kind: 'openai-chat',
      url: 'https://models.example/v1/chat/completions',
      model: 'm',
      allowPlaintext: false,
      timeoutMs: 2000,
      concurrency: 8,
      cacheEntries: 1000,
      onFailure: 'flag',
    },
  });
});

for (const url of ['http://127.0.0.1:8000/ask', 'http://localhost/', 'http://[::1]:1/', 'https://10.0.0.1/']) {
  test(`${url} may be asked without further words`, async (t) => {
    const config = await configOf(tempDirectory(t), `moderators: {a: {kind: http, model: m, url: "${url}"}}`);
    t.is(config.moderators['a']?.url, url);
  });
}

for (const url of ['http://10.0.0.1/', 'http://127.0.0.1.example/', 'http://localhost.example/', 'http://[::2]/']) {
  test(`${url} is asked only where plaintext is allowed`, async (t) => {
    const text = (more: string) => `moderators: {a: {kind: http, model: m, url: "${url}"${more}}}`;
    await t.throwsAsync(configOf(tempDirectory(t), text('')), { message: /without encryption/ });
    const config = await configOf(tempDirectory(t), text(', allowPlaintext: true'));
    t.is(config.moderators['a']?.url, url);
  });
}

test('more moderators than anybody needs are refused', async (t) => {
  const many = (count: number) =>
    `moderators:\n${Array.from({ length: count }, (_, i) => `  m${i}: {${MINIMAL}}\n`).join('')}`;
  await t.notThrowsAsync(configOf(tempDirectory(t), many(LIMITS.classifiersMax)));
  const message = `jimini.yaml:2:3: moderators: expected at most ${LIMITS.classifiersMax} entries`;
  await t.throwsAsync(configOf(tempDirectory(t), many(LIMITS.classifiersMax + 1)), { message });
});

test('a key comes from its file, relative to the configuration, and stands beside the settings', async (t) => {
  const directory = tempDirectory(t);
  mkdirSync(join(directory, 'keys'));
  writeFileSync(join(directory, 'keys', 'a'), 'k-canary\n', { mode: 0o600 });
  const config = await configOf(directory, `moderators: {a: {${MINIMAL}, keyFile: keys/a}, b: {${MINIMAL}}}`);
  t.deepEqual(keyFilesOf(config), [join(directory, 'keys', 'a')]);
  const { moderators, problems } = await readModeratorKeys(config);
  t.deepEqual(problems, []);
  t.deepEqual(
    moderators.map(({ name, key }) => [name, key]),
    [
      ['a', 'k-canary'],
      ['b', undefined],
    ],
  );
});

test('a key file that cannot be used is a problem that names the file and the setting', async (t) => {
  const directory = tempDirectory(t);
  const config = await configOf(directory, `moderators: {a: {${MINIMAL}, keyFile: absent}}`);
  const { problems } = await readModeratorKeys(config);
  t.deepEqual(problems.map(formatProblem), [`${join(directory, 'absent')}: moderators.a.keyFile: no such file`]);
});

test('a secret is read through symbolic links, as Kubernetes mounts it, without its line feed', async (t) => {
  const directory = tempDirectory(t);
  writeFileSync(join(directory, 'real'), 'k-canary\r\n', { mode: 0o400 });
  symlinkSync('real', join(directory, 'link'));
  t.is(await readSecretFile(join(directory, 'link')), 'k-canary');
});

for (const mode of [0o644, 0o640, 0o604, 0o660, 0o620]) {
  test(`a secret of ours with mode ${mode.toString(8)} is refused`, async (t) => {
    const path = join(tempDirectory(t), 'key');
    writeFileSync(path, 'k-canary');
    chmodSync(path, mode);
    t.regex(JSON.stringify(await readSecretFile(path)), /can be read or written by others/);
  });
}

test("root's files that everybody may read are no secrets", async (t) => {
  t.regex(JSON.stringify(await readSecretFile('/etc/passwd')), /can be read or written by others/);
});

for (const [what, text] of [
  ['nothing', ''],
  ['an empty line', '\n'],
  ['two lines', 'k-canary\nk-canary\n'],
  ['a blank', 'k canary'],
  ['a control character', 'k-canary\u0007'],
  ['an umlaut', 'k-cänary'],
  ['more than any key', 'x'.repeat(LIMITS.secretCharsMax + 1)],
] as const) {
  test(`a secret that holds ${what} is refused, and not repeated`, async (t) => {
    const path = join(tempDirectory(t), 'key');
    writeFileSync(path, text, { mode: 0o600 });
    const refusal = await readSecretFile(path);
    t.regex(JSON.stringify(refusal), /expected one line/);
    t.notRegex(JSON.stringify(refusal), /nary/);
  });
}

test('a directory and a file that is not there are refused', async (t) => {
  const directory = tempDirectory(t);
  t.deepEqual(await readSecretFile(directory), { reason: 'is a directory; name a file' });
  t.deepEqual(await readSecretFile(join(directory, 'absent')), { reason: 'no such file' });
});
