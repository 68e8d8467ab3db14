import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { StreamEntriesResponse } from '../../proto/gen/jimini/v1/audit.js';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import { verifyRemote } from '../../sidecar/cli/log-remote.js';
import { decision, logOptions, openAuditLog } from '../audit/records.js';
import { openControlPort } from '../server/control-rig.js';
import { serve, temporaryDirectory } from '../server/rig.js';
import { createFaultyStore } from '../storage/faulty-store.js';

const STREAM = '/jimini.v1.AuditService/StreamEntries';
const TOKEN = `jmn_${'a'.repeat(16)}_${'a'.repeat(52)}`;

function tokenFile(t: ExecutionContext, text = TOKEN): string {
  const file = join(temporaryDirectory(t), 'token');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

const verify = (address: string, file?: string, tls = {}) =>
  verifyRemote({ address, ...tls }, { env: file ? { JIMINI_TOKEN_FILE: file } : {}, directory: '/' }, () => {});

async function fiveLeaves(): Promise<Buffer[]> {
  const store = createFaultyStore();
  const log = await openAuditLog(logOptions(store));
  for (let count = 0; count < 3; count += 1) await log.append({ leafFields: decision('r') });
  await log.close('shutdown');
  return store.disk.map(({ bytes }) => Buffer.from(bytes));
}

/** A server that answers with these leaves, whoever asks, and says that there are so many. */
async function answering(t: ExecutionContext, leaves: readonly Buffer[], logSize: number): Promise<string> {
  const entries = leaves.map((leaf, seq) => ({ seq: BigInt(seq), leaf, leafHash: Buffer.from(leafHash(leaf), 'hex') }));
  const message = StreamEntriesResponse.encode({ entries, nextSeq: 0n, logId: '', logSize: BigInt(logSize) }).finish();
  const stream = {
    async *handler() {
      yield message;
    },
    overloaded: () => new Error('no room') as never,
  };
  return (await serve(t, { methods: new Map(), streams: new Map([[STREAM, stream]]) })).address;
}

test('a log that comes whole holds', async (t) => {
  const leaves = await fiveLeaves();
  t.like(await verify(await answering(t, leaves, 5), tokenFile(t)), { status: 'ok', entries: 5 });
});

test('a sidecar that sends other leaves than it wrote is found out', async (t) => {
  const leaves = await fiveLeaves();
  const changed = leaves.with(2, Buffer.from(String(leaves[2]).replace('"effective":"BLOCK"', '"effective":"ALLOW"')));
  t.like(await verify(await answering(t, changed, 5), tokenFile(t)), {
    status: 'tampered',
    fault: { seq: 3, rule: 'prev' },
  });
  const without = leaves.toSpliced(2, 1);
  t.like(await verify(await answering(t, without, 4), tokenFile(t)), {
    status: 'tampered',
    fault: { seq: 2, rule: 'seq' },
  });
});

test('a stream that ends before the size that it told is no log that holds', async (t) => {
  const address = await answering(t, (await fiveLeaves()).slice(0, 3), 5);
  await t.throwsAsync(verify(address, tokenFile(t)), {
    code: 'JIMINI_USAGE',
    message: 'the sidecar ended the stream after 3 leaves of 5: ask again',
  });
});

test('an address that nobody listens on says so in one line', async (t) => {
  await t.throwsAsync(verify('127.0.0.1:1', tokenFile(t)), { message: /^127\.0\.0\.1:1: UNAVAILABLE: [^\n]+$/ });
});

for (const [what, address, tls, says] of [
  ['another machine without TLS', '10.1.2.3:9001', {}, /over TLS only: give --ca$/],
  ['a name without TLS', 'jimini.example.org:9001', {}, /over TLS only: give --ca$/],
  ['a target that is no address', 'xds:///jimini', {}, /^--address: expected HOST:PORT or unix:PATH$/],
  ['a certificate without its key', '127.0.0.1:9001', { ca: '/x', cert: '/x' }, /--cert and --cert-key together$/],
  ['a certificate without TLS', '127.0.0.1:9001', { cert: '/x', certKey: '/x' }, /^--cert has no effect without --ca$/],
  ['authorities that are not there', 'localhost:9001', { ca: '/no/such/file' }, /^\/no\/such\/file: no such file$/],
] as const) {
  test(`refused before anything is sent: ${what}`, async (t) => {
    await t.throwsAsync(verify(address, tokenFile(t), tls), { code: 'JIMINI_USAGE', message: says });
  });
}

test('a token file that others can read is refused, and none is needed with a certificate only', async (t) => {
  const { address } = await openControlPort(t);
  const file = tokenFile(t);
  chmodSync(file, 0o644);
  await t.throwsAsync(verify(address, file), { message: /can be read or written by others/ });
  await t.throwsAsync(verify(address), { message: /^expected JIMINI_TOKEN_FILE/ });
});

test('a token that is not accepted is told in the words of the sidecar, and never itself', async (t) => {
  const { address } = await openControlPort(t);
  const error = await t.throwsAsync(verify(address, tokenFile(t)));
  t.is(error?.message, `${address}: UNAUTHENTICATED: the token is not accepted`);
});
