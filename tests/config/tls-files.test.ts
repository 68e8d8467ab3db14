import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { formatProblem } from '../../sidecar/config/problem.js';
import { readTlsFiles } from '../../sidecar/config/tls-files.js';
import { createAuthority } from '../envoy/certificates.js';
import { tempDirectory } from './temp-directory.js';

const authority = createAuthority();
const good = authority.issue();
const other = authority.issue();
const ENCRYPTED = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n';

interface Files {
  readonly cert?: string;
  readonly key?: string;
  readonly clientCa?: string;
  readonly keyMode?: number;
  readonly certMode?: number;
}

/** What reading such files gives: the identity, or the problems as people read them, without the directory. */
async function read(t: ExecutionContext, files: Files) {
  const directory = tempDirectory(t);
  const path = (name: string, text: string | undefined, mode: number) => {
    const file = join(directory, name);
    if (text !== undefined) writeFileSync(file, text);
    if (text !== undefined) chmodSync(file, mode);
    return file;
  };
  const certFile = path('cert', files.cert ?? good.cert, files.certMode ?? 0o644);
  const keyFile = path('key', files.key ?? good.key, files.keyMode ?? 0o600);
  const clientCaFile = path('ca', files.clientCa ?? authority.cert, 0o644);
  const settings = {
    certFile,
    keyFile,
    clientCaFile,
    clientIds: [],
    clientCertificate: 'required',
    listeners: [],
  } as const;
  const result = await readTlsFiles({ ...settings, clientIds: [], listeners: [] }, Date.now());
  if ('identity' in result) return result.identity;
  return result.problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ''));
}

test('what fits is an identity, with the whole chain and the end of what ends first', async (t) => {
  const short = createAuthority('Intermediate');
  const identity = await read(t, {
    cert: `text between\n${good.cert}\n${short.cert}`,
    clientCa: authority.cert + short.cert,
  });
  if (Array.isArray(identity)) return t.fail(identity.join());
  t.is(identity.cert.split('BEGIN').length - 1, 2);
  t.is(identity.clientCa?.split('BEGIN').length, 3);
  t.false(identity.cert.includes('text between'));
  const leftMs = identity.expiresMs - Date.now();
  t.true(leftMs > 0 && leftMs <= 24 * 60 * 60 * 1000);
});

const refused = test.macro({
  exec: async (t, _what: string, files: Files, ...expected: readonly RegExp[]) => {
    const problems = await read(t, files);
    if (!Array.isArray(problems)) return t.fail('it was accepted');
    t.is(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) t.regex(problems[index] ?? '', pattern);
    t.notRegex(problems.join(), /PRIVATE|MII/);
  },
  title: (_, what) => `${what} is refused, by file and key`,
});
test(refused, 'the key of another certificate', { key: other.key }, /^key: listen\.tls\.keyFile: is not the key of/);
test(
  refused,
  'a certificate that has ended',
  { ...authority.issue({ days: -1 }) },
  /^cert: .*ended on 20\d\d-.*Z; put/,
);
test(
  refused,
  'a chain of which one has ended',
  { cert: good.cert + authority.issue({ days: -1 }).cert },
  /^cert: .*ended on/,
);
test(
  refused,
  'a file without a certificate',
  { cert: 'nothing' },
  /^cert: listen\.tls\.certFile: holds no certificate/,
);
test(refused, 'a key in the place of the certificate', { cert: good.key }, /^cert: .*holds no certificate/);
test(
  refused,
  'a certificate cut in the middle',
  { cert: good.cert.replace(/M.{40}/, 'M') },
  /^cert: .*holds a certificate that cannot be read/,
);
test(refused, 'a certificate in the place of the key', { key: good.cert }, /^key: .*holds no private key/);
test(refused, 'an empty key', { key: '' }, /^key: .*holds no private key/);
test(
  refused,
  'an encrypted key',
  { key: ENCRYPTED },
  /^key: listen\.tls\.keyFile: (is encrypted|holds no private key)/,
);
test(
  refused,
  'an empty list of authorities',
  { clientCa: '\n' },
  /^ca: listen\.tls\.clientCaFile: holds no certificate/,
);
test(refused, 'a key that others can read', { keyMode: 0o644 }, /^key: .*can be read or written by others/);
test(
  refused,
  'a certificate that others can write',
  { certMode: 0o666 },
  /^cert: .*can be written by others; run `chmod go-w`/,
);
test(
  refused,
  'everything that cannot be read at once',
  { keyMode: 0o640, certMode: 0o664 },
  /^cert: .*written by others/,
  /^key: .*read or written by others/,
);

test('files are read through symbolic links, as Kubernetes mounts them', async (t) => {
  const directory = tempDirectory(t);
  const names = { cert: good.cert, key: good.key, ca: authority.cert };
  for (const [name, text] of Object.entries(names)) {
    writeFileSync(join(directory, `${name}.real`), text, { mode: 0o600 });
    symlinkSync(`${name}.real`, join(directory, name));
  }
  const file = (name: string) => join(directory, name);
  const settings = { certFile: file('cert'), keyFile: file('key'), clientCaFile: '', clientIds: [], listeners: [] };
  const result = await readTlsFiles({ ...settings, clientCertificate: 'none' }, Date.now());
  t.true('identity' in result && result.identity.clientCa === undefined);
});
