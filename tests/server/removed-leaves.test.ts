import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { type VerifyReport, VerifyStatus } from '../../proto/gen/jimini/v1/audit.js';
import { pruneOf } from '../../sidecar/audit/prune/prune-leaf.js';
import { isConsistent, isIncluded } from '../../sidecar/audit/verify/merkle.js';
import { verifyRemote } from '../../sidecar/cli/log-remote.js';
import { readBatch } from '../../sidecar/server/log-batch.js';
import { verifyHandler } from '../../sidecar/server/verify-stream.js';
import { appendMany, signed } from '../audit/prune-rig.js';
import { type AuditClient, auditClient, bearer, openControlPort } from './control-rig.js';
import { temporaryDirectory } from './rig.js';

const SIZE = 700;
const MIN_SEQ = 512;

/** A control port whose log has lost its first leaves, and a client of it. */
async function removedLeaves(t: ExecutionContext) {
  const port = await openControlPort(t);
  await appendMany(port.log, SIZE - 2);
  await signed(port.log);
  const { leafFields, keyLeaves } = await pruneOf(port.log, MIN_SEQ);
  const { seq } = await port.log.append({ leafFields });
  await signed(port.log);
  await port.log.removal.beginAt({ minSeq: MIN_SEQ, pruneSeq: seq }, keyLeaves);
  while ((await port.log.removal.removeBelow(200)) > 0);
  const { token } = port.issue(['auditor']);
  return { port, token, made: auditClient(t, port.address, bearer(token)) };
}

async function streamed(made: AuditClient, firstSeq: bigint) {
  const seqs: bigint[] = [];
  let first: bigint | undefined;
  for await (const message of made.stream({ firstSeq, stopAtEnd: true })) {
    first = message.logFirstSeq;
    for (const { seq } of message.entries) seqs.push(seq);
  }
  return { seqs, first };
}

async function reportOf(made: AuditClient, firstSeq: bigint): Promise<VerifyReport | undefined> {
  let report: VerifyReport | undefined;
  for await (const { step } of made.verify({ firstSeq })) if (step?.$case === 'report') report = step.value;
  return report;
}

test('what is removed while somebody reads it is not told to be lost', async (t) => {
  const { log } = await openControlPort(t);
  await appendMany(log, 699);
  const boundary = { minSeq: 0, pruneSeq: 0 };
  /** Leaves below 512 go after some have been read. */
  const overtaken = {
    logId: log.logId,
    size: log.size,
    removal: { boundary },
    signed: log.signed,
    keptKeyLeaves: () => log.keptKeyLeaves(),
    readTile: (level: number, index: number, width: number) => log.readTile(level, index, width),
    async page(seq: number, count: number) {
      const rows = (await log.page(seq, count)).filter((row) => row.seq >= boundary.minSeq);
      boundary.minSeq = 512;
      return rows;
    },
  };
  const message = { code: 'JIMINI_STORE_UNAVAILABLE', message: 'leaves were removed while they were read: ask again' };
  const bounds = { entriesMax: 1_000, bytesMax: 1e9, examinedMax: 1_000 };
  await t.throwsAsync(readBatch(overtaken, { from: 0, end: 700 }, undefined, bounds), message);
  boundary.minSeq = 0;
  const steps = verifyHandler(overtaken, () => {})(new Uint8Array(0), {} as never);
  await t.throwsAsync(async () => {
    for await (const _ of steps);
  }, message);
});

test('who reads a log of which leaves were removed is given what is left, and told where it begins', async (t) => {
  const { port, made, token } = await removedLeaves(t);
  const first = BigInt(MIN_SEQ);
  const page = await made.list({ firstSeq: 5n, endSeq: 520n });
  t.deepEqual(
    page.entries.map(({ seq }) => Number(seq)),
    Array.from({ length: 8 }, (_, at) => MIN_SEQ + at),
  );
  t.like(page, { logFirstSeq: first, rangeLeaves: 8n, examinedLeaves: 8n, logSize: BigInt(SIZE) });
  t.like(await made.list({ firstSeq: 5n, endSeq: 20n }), { entries: [], rangeLeaves: 0n, nextPageToken: '' });
  t.is((await made.list({ kinds: ['prune'] })).entries.length, 1);
  await t.throwsAsync(made.list({ firstSeq: 20n, endSeq: 5n }), { code: status.INVALID_ARGUMENT as never });
  for (const from of [0n, first, 690n]) {
    const { seqs, first: told } = await streamed(made, from);
    t.is(told, first);
    t.is(seqs[0], from < first ? first : from);
    t.is(seqs.at(-1), BigInt(SIZE - 1));
  }
  t.like(await reportOf(made, 0n), { status: VerifyStatus.OK, verifiedLeaves: BigInt(SIZE - MIN_SEQ) });
  t.like(await reportOf(made, 600n), { status: VerifyStatus.OK, verifiedLeaves: 100n });

  const head = await made.checkpoint();
  t.like(head, { firstSeq: first, logSize: BigInt(SIZE) });
  t.is(head.boundaryLeaves.length, 1);
  const tree = { size: SIZE, root: head.rootHash };
  const proven = await made.inclusion({ seq: 600n });
  t.true(isIncluded({ hash: proven.leafHash, index: 600 }, tree, proven.hashes));
  await t.throwsAsync(made.inclusion({ seq: 5n }), {
    message: /seq: the leaf 5 was removed: the log begins with leaf 512$/,
  });
  const grown = await made.consistency({ firstSize: first });
  const peaks = (JSON.parse(String(head.boundaryLeaves[0])) as { peaks: string[] }).peaks;
  t.true(isConsistent({ size: MIN_SEQ, root: Buffer.from(peaks[0] ?? '', 'hex') }, tree, grown.hashes));
  await t.throwsAsync(made.consistency({ firstSize: 300n }), { message: /leaves before that were removed$/ });

  const tokenFile = join(temporaryDirectory(t), 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  const io = { env: { JIMINI_TOKEN_FILE: tokenFile }, directory: '/' };
  const report = await verifyRemote({ address: port.address }, io, () => {});
  t.like(report, { status: 'ok', entries: SIZE - MIN_SEQ, pruned: { entries: MIN_SEQ } });
});

test('all that is left of such a log is verified, its stored tree and checkpoint included', async (t) => {
  const { port, made } = await removedLeaves(t);
  const { log } = port;
  for (const from of [0n, BigInt(MIN_SEQ)]) {
    t.like(await reportOf(made, from), { status: VerifyStatus.OK, signedLeaves: BigInt(SIZE) });
  }
  t.like(await reportOf(made, 513n), { status: VerifyStatus.OK, signedLeaves: 0n });

  const readTile = log.readTile.bind(log);
  const changed = async (tile: Promise<Uint8Array>) => (await tile).map((byte) => byte ^ 1);
  Object.assign(log, {
    readTile: (level: number, index: number, width: number) =>
      level === 1 ? changed(readTile(level, index, width)) : readTile(level, index, width),
  });
  t.like(await reportOf(made, 0n), { status: VerifyStatus.TAMPERED, fault: { rule: 'tree' } });
});

test('leaves that are removed while they are verified are no fault', async (t) => {
  const { port, made } = await removedLeaves(t);
  const { log } = port;
  const moved = { ...log.removal, boundary: { minSeq: 768, pruneSeq: 800 } };
  const page = async () => {
    Object.defineProperty(log, 'removal', { value: moved });
    return [];
  };
  Object.assign(log, { page });
  await t.throwsAsync(reportOf(made, 600n), { code: status.UNAVAILABLE as never });
});
