import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { formatVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { checkCheckpoint } from '../../sidecar/audit/verify/checkpoints.js';
import { type NoteKey, readNoteKey } from '../../sidecar/audit/verify/signed-note.js';
import { type RunningWitness, startWitness, type WitnessSettings } from '../../sidecar/wiring/witness-server.js';
import { createAuthority } from '../envoy/certificates.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { post } from './post.js';
import { createTestLog, type TestLog } from './test-log.js';

const log = createTestLog('log.example/one');
const other = createTestLog('log.example/two');

/** A witness of both logs, in this process, and what it told of evidence. */
async function start(t: ExecutionContext, settings: Partial<WitnessSettings> = {}) {
  const evidence: string[] = [];
  const errors: unknown[] = [];
  const state = settings.state ?? join(temporaryDirectory(), 'witness');
  const witness = await startWitness({
    state,
    listen: '127.0.0.1:0',
    logKeyFiles: [log.keyFile, other.keyFile],
    onEvidence: (kind, origin, path) => evidence.push(`${kind} ${origin} ${path !== undefined}`),
    onError: (error) => errors.push(error),
    ...settings,
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await witness.close();
    isClosed = true;
  };
  t.teardown(close);
  return { ...witness, close, state, evidence, errors };
}

function keyOf(text: string): NoteKey {
  const key = readNoteKey(text);
  if ('why' in key) throw new Error(key.why);
  return key;
}

/** When the witness cosigned this checkpoint of this log, as the independent verifier sees it. */
async function cosignedAt(of: TestLog, size: number, line: string, witness: RunningWitness): Promise<number> {
  const keys = [keyOf(formatVerifierKey(of.key)), keyOf(witness.verifierKey)];
  const checked = checkCheckpoint(Buffer.concat([await of.noteOf(size), Buffer.from(line)]), keys);
  if ('why' in checked) throw new Error(checked.why);
  const signer = checked.signers.find(({ key }) => key.type === 4);
  return Number(signer?.timestampS);
}

test('checkpoints that continue one another are cosigned, with the time', async (t) => {
  const witness = await start(t);
  const before = Math.floor(Date.now() / 1000);
  for (const [oldSize, size] of [
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 256],
    [256, 1999],
  ] as const) {
    const said = await post(witness.url, await log.requestFor(oldSize, size));
    t.is(said.status, 200, said.body);
    const timestampS = await cosignedAt(log, size, said.body, witness);
    t.true(timestampS >= before && timestampS <= Date.now() / 1000);
  }
});

test('an old size that is not the size cosigned last is told the right one', async (t) => {
  const { url } = await start(t);
  const expected = (size: number) => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` });
  t.deepEqual(await post(url, await log.requestFor(5, 9)), expected(0));
  t.is((await post(url, await log.requestFor(0, 100))).status, 200);
  t.deepEqual(await post(url, await log.requestFor(0, 200)), expected(100));
  t.deepEqual(await post(url, await log.requestFor(99, 200)), expected(100));
  t.deepEqual(await post(url, await log.requestFor(101, 200)), expected(100));
  t.deepEqual(await post(url, await log.requestFor(50, 60)), expected(100));
  t.is((await post(url, await log.requestFor(100, 200))).status, 200);
});

test('two logs do not know of one another', async (t) => {
  const witness = await start(t);
  t.is((await post(witness.url, await log.requestFor(0, 100))).status, 200);
  t.is((await post(witness.url, await other.requestFor(0, 10))).status, 200);
  const said = await post(witness.url, await other.requestFor(10, 11));
  t.is(said.status, 200);
  t.true((await cosignedAt(other, 11, said.body, witness)) > 0);
});

test('a log that forks is refused, and both of its checkpoints are kept as they came', async (t) => {
  const { url, state, evidence } = await start(t);
  await post(url, await log.requestFor(0, 100));
  const forked = log.fork(99);
  t.is((await post(url, await forked.requestFor(100, 150))).status, 422);
  t.is((await post(url, await forked.requestFor(100, 150))).status, 422);
  t.deepEqual(await post(url, await forked.requestFor(100, 100)), {
    status: 409,
    type: 'text/x.tlog.size',
    body: '100\n',
  });
  t.deepEqual(evidence, [
    'unproven log.example/one true',
    'unproven log.example/one true',
    'fork log.example/one true',
  ]);
  const files = readdirSync(join(state, 'evidence')).sort();
  t.deepEqual(
    files.map((name) => name.replace(/^[0-9a-f]{16}-(\w+)-[0-9a-f]{16}/, '$1')),
    ['fork.known', 'fork.offered', 'unproven.known', 'unproven.offered'],
  );
  const kept = files.map((name) => readFileSync(join(state, 'evidence', name)));
  const known = await log.noteOf(100);
  t.deepEqual(kept, [known, await forked.noteOf(100), known, await forked.noteOf(150)]);
  t.is((await post(url, await log.requestFor(100, 150))).status, 200, 'the honest history goes on');
});

test('evidence does not fill the disk', async (t) => {
  const { url, state, evidence } = await start(t);
  await post(url, await log.requestFor(0, 1));
  for (let from = 2; from < 70; from += 1) await post(url, await log.fork(0).requestFor(1, from));
  t.is(readdirSync(join(state, 'evidence')).length, 128);
  t.deepEqual(evidence.slice(63, 66), [
    'unproven log.example/one true',
    'unproven log.example/one false',
    'unproven log.example/one false',
  ]);
  await post(url, await log.fork(0).requestFor(1, 1));
  t.is(evidence.at(-1), 'fork log.example/one true');
});

test('what is no request, of no known log, or not signed by it is told apart', async (t) => {
  const { url, state } = await start(t);
  const honest = (await log.requestFor(0, 3)).toString('utf8');
  const unknown = createTestLog('log.example/three');
  const impostor = createTestLog('log.example/one');
  const hash = Buffer.alloc(32, 1).toString('base64');
  const cases: readonly (readonly [why: string, status: number, body: string | Buffer])[] = [
    ['nothing', 400, ''],
    ['no empty line', 400, 'old 0\n'],
    ['no old size', 400, honest.replace('old 0', '0')],
    ['a leading zero', 400, honest.replace('old 0', 'old 00')],
    ['two spaces', 400, honest.replace('old 0', 'old  0')],
    ['a minus', 400, honest.replace('old 0', 'old -0')],
    ['more than can be counted', 400, honest.replace('old 0', `old ${'9'.repeat(16)}`)],
    ['a hash that is too short', 400, honest.replace('old 0\n', 'old 0\nAAAA\n')],
    ['a hash in another form', 400, honest.replace('old 0\n', `old 0\n${hash.replace('=', '')}\n`)],
    ['64 hashes', 400, honest.replace('old 0\n', `old 0\n${`${hash}\n`.repeat(64)}`)],
    ['no note', 400, 'old 0\n\n'],
    ['an old size above the size', 400, honest.replace('old 0', 'old 4')],
    ['no signature lines', 400, honest.slice(0, honest.lastIndexOf('\u2014'))],
    ['a line of garbage', 400, `${honest}garbage\n`],
    ['a log that is not known', 404, await unknown.requestFor(0, 3)],
    ['another key with the name of the log', 403, await impostor.requestFor(0, 3)],
    ['a changed root', 403, honest.replace(/\n3\n.{4}/, '\n3\nAAAA')],
    ['a proof where none belongs', 422, honest.replace('old 0\n', `old 0\n${hash}\n`)],
  ];
  for (const [why, status, body] of cases) {
    const said = await post(url, body);
    t.is(said.status, status, `${why}: ${said.body}`);
    t.regex(said.body, /^[a-z ]+\n$/, why);
  }
  t.false(existsSync(join(state, 'evidence')));
  t.is((await post(url, honest)).status, 200);
});

test('other paths, methods and sizes are refused, and the connection stays usable for others', async (t) => {
  const { url } = await start(t);
  const status = async (path: string, init: RequestInit) => (await fetch(`${url}${path}`, init)).status;
  t.is(await status('/', { method: 'POST', body: 'x' }), 404);
  t.is(await status('/add-checkpoint?x', { method: 'POST', body: 'x' }), 404);
  t.is(await status('/add-checkpoint', {}), 405);
  t.is(await status('/add-checkpoint', { method: 'POST', body: Buffer.alloc(128 * 1024 + 1) }), 413);
  t.is(await status('/add-checkpoint', { method: 'POST', body: Buffer.alloc(128 * 1024) }), 400);
  t.is((await post(url, await log.requestFor(0, 3))).status, 200);
});

test('of many requests at one time for the same step each gets its own, and the size never goes back', async (t) => {
  const witness = await start(t);
  const sizes = Array.from({ length: 24 }, (_, index) => 10 + index);
  const said = await Promise.all(sizes.map(async (size) => post(witness.url, await log.requestFor(0, size))));
  t.is(said.filter(({ status }) => status === 200).length, 1);
  t.is(said.filter(({ status }) => status === 409).length, 23);
  const won = sizes[said.findIndex(({ status }) => status === 200)] ?? 0;
  t.true(said.every(({ status, body }) => status === 200 || body === `${won}\n`));
});

test('what was cosigned is known after a restart, by the same key', async (t) => {
  const first = await start(t);
  await post(first.url, await log.requestFor(0, 100));
  await post(first.url, await log.requestFor(100, 300));
  await first.close();
  const second = await start(t, { state: first.state });
  t.is(second.verifierKey, first.verifierKey);
  t.is(readFileSync(join(first.state, 'key.pub'), 'utf8'), `${first.verifierKey}\n`);
  t.is(statSync(join(first.state, 'key.pem')).mode & 0o777, 0o600);
  t.is((await post(second.url, await log.requestFor(100, 300))).body, '300\n');
  t.is((await post(second.url, await log.requestFor(300, 301))).status, 200);
});

/** The files with the state of a log, newest last. */
function stateFiles(state: string): string[] {
  const logs = join(state, 'logs');
  return readdirSync(logs).flatMap((name) =>
    readdirSync(join(logs, name))
      .sort()
      .map((file) => join(logs, name, file)),
  );
}

test('a torn state that was never in force is forgotten', async (t) => {
  const first = await start(t);
  await post(first.url, await log.requestFor(0, 100));
  await first.close();
  const [file = ''] = stateFiles(first.state);
  writeFileSync(join(file, '..', 'partial-1'), readFileSync(file).subarray(0, 50));
  const second = await start(t, { state: first.state });
  t.is((await post(second.url, await log.requestFor(100, 101))).status, 200);
  t.is(stateFiles(first.state).length, 1);
});

test('with a damaged state there is no start, whichever bit it is', async (t) => {
  const first = await start(t);
  await post(first.url, await log.requestFor(0, 100));
  await first.close();
  const [file = ''] = stateFiles(first.state);
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
    writeFileSync(file, changed);
    await t.throwsAsync(start(t, { state: first.state }), {
      code: 'JIMINI_STORE_CORRUPT',
      message: /damaged: put back/,
    });
  }
  writeFileSync(file, bytes.subarray(0, -1));
  await t.throwsAsync(start(t, { state: first.state }), { code: 'JIMINI_STORE_CORRUPT' });
  writeFileSync(file, bytes);
  const second = await start(t, { state: first.state });
  t.is((await post(second.url, await log.requestFor(100, 101))).status, 200);
});

test('two processes on one directory cannot roll each other back', async (t) => {
  const first = await start(t);
  await post(first.url, await log.requestFor(0, 100));
  const second = await start(t, { state: first.state });
  for (const [oldSize, size] of [
    [100, 200],
    [200, 300],
    [300, 400],
  ] as const) {
    t.is((await post(second.url, await log.requestFor(oldSize, size))).status, 200);
  }
  t.is((await post(first.url, await log.requestFor(100, 150))).status, 500);
  t.is(first.errors.length, 1);
  t.deepEqual((await post(first.url, await log.requestFor(100, 150))).body, '400\n');
  t.is((await post(first.url, await log.requestFor(400, 500))).status, 200);
  t.is((await post(second.url, await log.requestFor(400, 450))).status, 500);
  t.is((await post(second.url, await log.requestFor(500, 501))).status, 200);
});

test('a state that cannot be written is not cosigned, and is tried again', async (t) => {
  const { url, state, errors } = await start(t);
  await post(url, await log.requestFor(0, 100));
  renameSync(join(state, 'logs'), join(state, 'away'));
  t.is((await post(url, await log.requestFor(100, 200))).status, 500);
  t.is((await post(url, await log.requestFor(100, 200))).status, 500);
  t.is(errors.length, 2);
  renameSync(join(state, 'away'), join(state, 'logs'));
  t.is((await post(url, await log.requestFor(100, 200))).status, 200);
});

test('with a certificate it is served over TLS, and may be reached by others', async (t) => {
  const directory = temporaryDirectory();
  const authority = createAuthority();
  const { cert, key } = authority.issue();
  const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key, { mode: 0o600 });
  const { url } = await start(t, { listen: '0.0.0.0:0', tls: files });
  const { port, protocol } = new URL(url);
  t.is(protocol, 'https:');
  const body = await log.requestFor(0, 7);
  const status = await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: 'localhost', ca: authority.cert, method: 'POST' };
    request({ ...options, path: '/add-checkpoint' }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end(body);
  });
  t.is(status, 200);
});

test('settings that cannot be used are refused with what to do', async (t) => {
  const state = join(temporaryDirectory(), 'witness');
  const named = await start(t, { state, name: 'witness.example/w1' });
  t.regex(named.verifierKey, /^witness\.example\/w1\+/);
  const witnessKey = join(state, 'key.pub');
  const empty = join(temporaryDirectory(), 'empty');
  writeFileSync(empty, '\n', { mode: 0o600 });
  const garbage = join(temporaryDirectory(), 'garbage');
  writeFileSync(garbage, 'x\n');
  for (const [settings, message] of [
    [
      { listen: '0.0.0.0:0' },
      /^--listen: other machines can reach it without encryption; use 127\.0\.0\.1:PORT, or --tls/,
    ],
    [{ listen: 'unix:/x' }, /^--listen: a witness is reached over TCP/],
    [{ listen: 'x' }, /^--listen: expected IP:PORT/],
    [{ listen: named.url.slice(7) }, /^--listen: cannot listen on .* \(EADDRINUSE\)$/],
    [{ logKeyFiles: [empty] }, /holds no verifier key/],
    [{ logKeyFiles: [garbage] }, /garbage:1: it is no verifier key/],
    [{ logKeyFiles: [join(state, 'nothing')] }, /nothing: no such file/],
    [{ logKeyFiles: [witnessKey] }, /key\.pub:1: expected the key of a log \(type 1\)/],
    [{ name: 'a b' }, /^--name: expected 1 to 255/],
    [{ state, name: 'witness.example/w2' }, /key\.pub is of another name or key/],
    [{ tls: { certFile: empty, keyFile: empty } }, /^--tls-cert: .* holds no certificate/],
  ] as const) {
    await t.throwsAsync(start(t, settings), { code: 'JIMINI_USAGE', message });
  }
});
