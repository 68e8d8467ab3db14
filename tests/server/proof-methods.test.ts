import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { GetConsistencyProofRequest, GetInclusionProofRequest } from '../../proto/gen/jimini/v1/audit.js';
import type { VerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { NOTHING_REMOVED } from '../../sidecar/audit/prune/boundary.js';
import { createKeptTiles } from '../../sidecar/audit/tree/kept-tiles.js';
import { checkCheckpoint } from '../../sidecar/audit/verify/checkpoints.js';
import { isConsistent, isIncluded } from '../../sidecar/audit/verify/merkle.js';
import { type NoteKey, readNoteKey } from '../../sidecar/audit/verify/signed-note.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { createProofMethods, type SignedLog } from '../../sidecar/server/proof-methods.js';
import { decision } from '../audit/records.js';
import { checkpointOf, plainLog, signerOf, treeOf } from '../audit/signed-logs.js';
import { type AuditClient, auditClient, bearer, type ControlPort, openControlPort } from './control-rig.js';
import { until } from './rig.js';

/** A control port whose log has so many leaves, all of them signed. */
async function signedLeaves(t: ExecutionContext, count: number): Promise<{ port: ControlPort; made: AuditClient }> {
  const port = await openControlPort(t);
  await Promise.all(Array.from({ length: count - 1 }, (_, at) => port.log.append({ leafFields: decision(`r${at}`) })));
  await until(() => port.log.signed.checkpoint?.size === count);
  return { port, made: auditClient(t, port.address, bearer(port.issue(['reader']).token)) };
}

function keysOf(texts: readonly string[]): NoteKey[] {
  return texts.map((text) => readNoteKey(text) as NoteKey);
}

test('a checkpoint, proofs of leaves and of consistency hold by the offline verifier', async (t) => {
  const { port, made } = await signedLeaves(t, 300);
  const answer = await made.checkpoint();
  t.like(answer, { logId: port.log.logId, treeSize: 300n, logSize: 300n });
  const checkpoint = checkCheckpoint(answer.checkpoint, keysOf(answer.verifierKeys));
  if ('why' in checkpoint) return t.fail(checkpoint.why);
  t.deepEqual([checkpoint.size, checkpoint.root], [300, answer.rootHash]);

  const { entries } = await made.list({ pageSize: 1_000 });
  for (const seq of [0, 1, 255, 256, 299]) {
    const proof = await made.inclusion({ seq: BigInt(seq) });
    t.deepEqual(proof.leafHash, entries[seq]?.leafHash);
    t.deepEqual([proof.seq, proof.treeSize, proof.checkpoint], [BigInt(seq), 300n, answer.checkpoint]);
    t.true(isIncluded({ hash: proof.leafHash, index: seq }, checkpoint, proof.hashes));
  }
  const earlier = treeOf(entries.slice(0, 200).map(({ leaf }) => Buffer.from(leaf))).edge.root();
  const inEarlier = await made.inclusion({ seq: 7n, treeSize: 200n });
  t.is(inEarlier.checkpoint.length, 0, 'of that tree there is no checkpoint any more');
  t.true(isIncluded({ hash: inEarlier.leafHash, index: 7 }, { size: 200, root: earlier }, inEarlier.hashes));

  const consistency = await made.consistency({ firstSize: 200n });
  t.deepEqual([consistency.firstSize, consistency.secondSize, consistency.checkpoint], [200n, 300n, answer.checkpoint]);
  t.true(isConsistent({ size: 200, root: earlier }, checkpoint, consistency.hashes));
  t.deepEqual((await made.consistency({ firstSize: 0n })).hashes, []);
  t.deepEqual((await made.consistency({ firstSize: 300n, secondSize: 300n })).hashes, []);
  return undefined;
});

for (const [what, ask, details] of [
  ['a leaf behind the end', (made) => made.inclusion({ seq: 5n }), /seq: the tree has 5 leaves/],
  ['the largest place', (made) => made.inclusion({ seq: 2n ** 64n - 1n }), /seq: the tree has 5 leaves/],
  ['a leaf behind a smaller tree', (made) => made.inclusion({ seq: 3n, treeSize: 3n }), /seq: the tree has 3 leaves/],
  ['a larger tree', (made) => made.inclusion({ seq: 0n, treeSize: 6n }), /tree_size is larger than .* 5$/],
  [
    'a larger first tree',
    (made) => made.consistency({ firstSize: 4n, secondSize: 3n }),
    /first_size is larger than .* 3$/,
  ],
  [
    'a larger second tree',
    (made) => made.consistency({ firstSize: 4n, secondSize: 6n }),
    /second_size is larger than .* 5$/,
  ],
  ['the largest size', (made) => made.consistency({ firstSize: 2n ** 64n - 1n }), /first_size is larger than .* 5$/],
] as readonly (readonly [string, (made: AuditClient) => Promise<unknown>, RegExp])[]) {
  test(`INVALID_ARGUMENT: ${what}`, async (t) => {
    const { made } = await signedLeaves(t, 5);
    await t.throwsAsync(ask(made), { code: status.INVALID_ARGUMENT as never, message: details } as never);
  });
}

/** A log in memory, of which so much is signed. */
function memoryLog(size: number, signedSize: number | undefined): SignedLog {
  const [leaves, signer] = [plainLog(size), signerOf(1)];
  const { reader } = treeOf(leaves);
  const note = signedSize === undefined ? undefined : checkpointOf(leaves.slice(0, signedSize), signer);
  const keys: VerifierKey[] = [signer.key];
  const checkpoint = note && { note, size: signedSize as number };
  const removal = { boundary: NOTHING_REMOVED };
  const none = async () => [];
  const signed = { checkpoint, keys };
  return { logId: 'a'.repeat(26), size, signed, readTile: reader.readTile, removal, page: none, keptKeyLeaves: none };
}

test('before the first checkpoint there is nothing to prove', async (t) => {
  const methods = createProofMethods(memoryLog(3, undefined), createKeptTiles(), () => {});
  for (const handler of Object.values(methods)) {
    await t.throwsAsync(handler(new Uint8Array(0), undefined as never), { code: 'JIMINI_STORE_UNAVAILABLE' });
  }
});

test('a message that cannot be decoded is counted by its method', async (t) => {
  const malformed: string[] = [];
  const methods = createProofMethods(memoryLog(3, 3), createKeptTiles(), (method) => malformed.push(method));
  for (const handler of Object.values(methods)) {
    await t.throwsAsync(handler(Uint8Array.of(0xff), undefined as never), { code: 'JIMINI_INVALID_ARGUMENT' });
  }
  t.deepEqual(malformed, Object.keys(methods));
});

const inclusion = (seq: number, treeSize: number) => (log: SignedLog) =>
  createProofMethods(log, createKeptTiles(), () => {}).GetInclusionProof(
    GetInclusionProofRequest.encode({ seq: BigInt(seq), treeSize: BigInt(treeSize) }).finish(),
    undefined as never,
  );
const consistency = (firstSize: number, secondSize: number) => (log: SignedLog) =>
  createProofMethods(log, createKeptTiles(), () => {}).GetConsistencyProof(
    GetConsistencyProofRequest.encode({ firstSize: BigInt(firstSize), secondSize: BigInt(secondSize) }).finish(),
    undefined as never,
  );

for (const [what, ask, needed] of [
  ['of a leaf', inclusion(7, 0), [7, 8, 200]],
  ['of a leaf in an earlier tree', inclusion(7, 100), [7, 8, 99, 200]],
  ['of consistency', consistency(100, 0), [7, 99, 100, 200]],
  ['of consistency between earlier trees', consistency(64, 200), [7, 63, 64, 199, 255]],
] as const) {
  test(`a proof ${what} that does not lead to the newest checkpoint is not handed out`, async (t) => {
    const log = memoryLog(300, 300);
    await t.notThrowsAsync(ask(log));
    for (const at of needed) {
      const readTile: SignedLog['readTile'] = async (level, index, width) => {
        const tile = Buffer.from(await log.readTile(level, index, width));
        if (level === 0 && index === 0 && width > at) tile.writeUInt8(tile.readUInt8(32 * at) ^ 1, 32 * at);
        return tile;
      };
      await t.throwsAsync(ask({ ...log, readTile }), { code: 'JIMINI_STORE_CORRUPT' }, `leaf hash ${at}`);
    }
  });

  test(`what is removed while a proof ${what} is made is no damage`, async (t) => {
    const log = memoryLog(300, 300);
    const boundary = { ...log.removal.boundary };
    const readTile = async () => {
      boundary.minSeq = 256;
      throw new JiminiError('JIMINI_STORE_CORRUPT', 'a tile is missing');
    };
    await t.throwsAsync(ask({ ...log, removal: { boundary }, readTile }), { code: 'JIMINI_STORE_UNAVAILABLE' });
  });
}
