import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GetCheckpointResponse, StreamEntriesResponse } from '../../proto/gen/jimini/v1/audit.js';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import { formatVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { verifyRemote } from '../../sidecar/cli/log-remote.js';
import { checkpointOf, keyFile, plainLog, signerOf } from '../audit/signed-logs.js';
import { openControlPort } from '../server/control-rig.js';
import { serve, temporaryDirectory } from '../server/rig.js';

const STREAM = '/jimini.v1.AuditService/StreamEntries';
const CHECKPOINT = '/jimini.v1.AuditService/GetCheckpoint';
const TOKEN = `jmn_${'a'.repeat(16)}_${'a'.repeat(52)}`;

function tokenFile(t: ExecutionContext, text = TOKEN): string {
  const file = join(temporaryDirectory(t), 'token');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

const verify = (address: string, file?: string, tls = {}) =>
  verifyRemote({ address, ...tls }, { env: file ? { JIMINI_TOKEN_FILE: file } : {}, directory: '/' }, () => {});

const fiveLeaves = plainLog(5);
const signer = signerOf(1);

/** A server that answers with these leaves, whoever asks, and says that there are so many; what it signed are the five. */
async function answering(
  t: ExecutionContext,
  leaves: readonly Buffer[],
  logSize: number,
  checkpoint = checkpointOf(fiveLeaves, signer),
): Promise<string> {
  const entries = leaves.map((leaf, seq) => ({ seq: BigInt(seq), leaf, leafHash: Buffer.from(leafHash(leaf), 'hex') }));
  const message = StreamEntriesResponse.encode({
    entries,
    nextSeq: 0n,
    logId: '',
    logSize: BigInt(logSize),
    logFirstSeq: 0n,
  }).finish();
  const stream = {
    async *handler() {
      yield message;
    },
    overloaded: () => new Error('no room') as never,
  };
  const told = { checkpoint, verifierKeys: [formatVerifierKey(signer.key)], logSize: BigInt(logSize) };
  const answer = GetCheckpointResponse.encode(GetCheckpointResponse.fromPartial(told)).finish();
  const methods = new Map([[CHECKPOINT, { handler: async () => answer, overloaded: stream.overloaded }]]);
  return (await serve(t, { methods, streams: new Map([[STREAM, stream]]) })).address;
}

test('a log that comes whole holds', async (t) => {
  const leaves = fiveLeaves;
  t.like(await verify(await answering(t, leaves, 5), tokenFile(t)), { status: 'ok', entries: 5 });
});

test('a sidecar that sends other leaves than it wrote is found out', async (t) => {
  const leaves = fiveLeaves;
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

test('leaves that the sidecar holds back are missed, because it has signed them before', async (t) => {
  const some = fiveLeaves.slice(0, 3);
  t.like(await verify(await answering(t, some, 3), tokenFile(t)), { status: 'truncated', fault: { seq: 3 } });
});

test('a sidecar that has written its log anew is found out by an anchor and by keys that were kept', async (t) => {
  const folder = temporaryDirectory(t);
  const [anchor, key] = [join(folder, 'anchor'), join(folder, 'key')];
  writeFileSync(anchor, checkpointOf(plainLog(4), signer));
  writeFileSync(key, keyFile(signerOf(3)));
  const address = await answering(t, fiveLeaves, 5);
  const held = (given: { anchor?: string; key?: string }) => verify(address, tokenFile(t), given);
  t.like(await held({}), { status: 'ok', signedSize: 5 });
  t.like(await held({ anchor }), { status: 'tampered', fault: { rule: 'anchor', seq: 4 } });
  t.like(await held({ key }), { status: 'tampered', fault: { rule: 'signer' } });
});

test('a sidecar that has not signed all of its leaves is told of', async (t) => {
  const checkpoint = checkpointOf(fiveLeaves.slice(0, 2), signer);
  t.like(await verify(await answering(t, fiveLeaves, 5, checkpoint), tokenFile(t)), {
    status: 'unanchored',
    signedSize: 2,
  });
});

test('a stream that ends before the size that it told is no log that holds', async (t) => {
  const address = await answering(t, fiveLeaves.slice(0, 3), 5);
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
