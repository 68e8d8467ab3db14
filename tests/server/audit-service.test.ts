import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { ClassicLevel } from 'classic-level';
import type { Entry } from '../../proto/gen/jimini/v1/audit.js';
import { type VerifyReport, VerifyStatus } from '../../proto/gen/jimini/v1/audit.js';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { leafKey } from '../../sidecar/storage/leaf-key.js';
import { decision } from '../audit/records.js';
import { checkpointOf, plainLog, signerOf } from '../audit/signed-logs.js';
import { type AuditClient, auditClient, bearer, type ControlPort, openControlPort, outcomeOf } from './control-rig.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, rawConnection } from './raw-http2.js';
import { until } from './rig.js';

/** A control port whose log holds an `open` leaf, these decisions and in between, one in ten, a change of the policy. */
async function withLeaves(t: ExecutionContext, count: number): Promise<{ port: ControlPort; made: AuditClient }> {
  const port = await openControlPort(t);
  for (let index = 0; index < count; index += 1_000) {
    const group = Math.min(1_000, count - index);
    await Promise.all(Array.from({ length: group }, (_, offset) => append(port, index + offset)));
  }
  return { port, made: auditClient(t, port.address, bearer(port.issue(['auditor']).token)) };
}

function append({ log }: ControlPort, index: number): Promise<unknown> {
  const leafFields =
    index % 10 === 9
      ? ({ kind: 'config', what: 'reload', old_policy_revision: 'a', new_policy_revision: 'b' } as const)
      : decision(`route-${index}`);
  return log.append({ leafFields });
}

const seqsOf = (entries: readonly Entry[]) => entries.map(({ seq }) => Number(seq));
const upTo = (end: number) => Array.from({ length: end }, (_, seq) => seq);

test('the pages of a range hold every leaf once, verbatim and with its hash', async (t) => {
  const { port, made } = await withLeaves(t, 250);
  const entries: Entry[] = [];
  for (let pageToken = ''; ; ) {
    const page = await made.list({ pageSize: 60, pageToken });
    entries.push(...page.entries);
    t.is(page.logId, port.log.logId);
    t.deepEqual([page.rangeLeaves, page.passedLeaves], [251n, BigInt(entries.length)]);
    if (page.nextPageToken === '') break;
    pageToken = page.nextPageToken;
    // What is written in between is no part of a range that the first page has fixed.
    await append(port, 0);
  }
  t.deepEqual(seqsOf(entries), upTo(251));
  t.true(entries.every(({ leaf, leafHash: hash }) => leafHash(leaf) === Buffer.from(hash).toString('hex')));
  const report = await verifyEntries(entries.map(({ seq, leaf }) => ({ seq: Number(seq), bytes: leaf })));
  t.like(report, { status: 'ok', entries: 251 });
});

test('a filter says how many leaves it looked at and how many it let pass', async (t) => {
  const { made } = await withLeaves(t, 100);
  const page = await made.list({ firstSeq: 11n, endSeq: 51n, kinds: ['config', 'gap'] });
  t.deepEqual(seqsOf(page.entries), [20, 30, 40, 50]);
  t.deepEqual([page.rangeLeaves, page.examinedLeaves, page.passedLeaves, page.logSize], [40n, 40n, 4n, 101n]);
  t.is(page.nextPageToken, '');
  const none = await made.list({ kinds: ['gap'] });
  t.deepEqual([none.entries.length, none.examinedLeaves, none.passedLeaves], [0, 101n, 0n]);
});

test('an empty range and the end of the log are pages without leaves', async (t) => {
  const { made } = await withLeaves(t, 3);
  for (const range of [{ firstSeq: 2n, endSeq: 2n }, { firstSeq: 4n }]) {
    t.like(await made.list(range), { entries: [], nextPageToken: '', rangeLeaves: 0n, examinedLeaves: 0n });
  }
});

const refused = test.macro({
  title: (_, what: string) => `${what} is INVALID_ARGUMENT`,
  async exec(t: ExecutionContext, _: string, ask: (made: AuditClient) => Promise<unknown>, says: RegExp) {
    const { made } = await withLeaves(t, 20);
    const error = await t.throwsAsync(ask(made));
    t.like(error, { code: status.INVALID_ARGUMENT });
    t.regex((error as { details?: string }).details ?? '', says);
  },
});

async function streamed(stream: ReturnType<AuditClient['stream' | 'verify']>): Promise<void> {
  const { code, details } = await outcomeOf(stream as ReturnType<AuditClient['stream']>);
  if (code !== status.OK) throw Object.assign(new Error(details), { code, details });
}

const BEYOND = /^first_seq is beyond the end of the log, which has 21 leaves$/;
const FOREIGN = /^page_token is not one/;
test(refused, 'a list from beyond the end', (made) => made.list({ firstSeq: 22n }), BEYOND);
test(refused, 'a stream from beyond the end', (made) => streamed(made.stream({ firstSeq: 22n })), BEYOND);
test(
  refused,
  'a verification from beyond the end',
  (made) => streamed(made.verify({ firstSeq: 2n ** 64n - 1n })),
  BEYOND,
);
test(
  refused,
  'a range that ends before it begins',
  (made) => made.list({ firstSeq: 9n, endSeq: 8n }),
  /^end_seq is before/,
);
test(
  refused,
  'a kind that no leaf has',
  (made) => made.list({ kinds: ['decision', 'x\u0000'] }),
  /one that is none of open,/,
);
for (const [what, pageToken] of [
  ['a page token that is none', 'x'],
  ['a page token of another format', '2.0.0.0.0123456789abcdef'],
  ['a page token that is very long', '1'.repeat(10_000)],
]) {
  test(refused, what ?? '', (made) => made.list({ ...(pageToken && { pageToken }) }), FOREIGN);
}
test(
  refused,
  'the page token of another question',
  async (made) => {
    const { nextPageToken } = await made.list({ pageSize: 5, kinds: ['decision'] });
    return made.list({ pageToken: nextPageToken });
  },
  FOREIGN,
);
test(
  refused,
  'a page token that was changed to point elsewhere',
  async (made) => {
    const { nextPageToken } = await made.list({ pageSize: 5 });
    return made.list({ pageToken: nextPageToken.replace('1.5.21.', '1.5.99.') });
  },
  FOREIGN,
);

test('a page holds at most 1,000 leaves, and no more bytes than clients receive', async (t) => {
  const { port, made } = await withLeaves(t, 1_100);
  t.is((await made.list({ pageSize: 4_000_000_000 })).entries.length, LIMITS.pageEntriesMax);
  t.is((await made.list({})).entries.length, LIMITS.pageEntries);
  const long = decision('x'.repeat(7_000));
  await Promise.all(Array.from({ length: 400 }, () => port.log.append({ leafFields: long })));
  const { entries, nextPageToken } = await made.list({ firstSeq: 1_101n, pageSize: 1_000 });
  const bytes = entries.reduce((sum, { leaf }) => sum + leaf.length, 0);
  t.true(bytes <= LIMITS.pageBytesMax && bytes > LIMITS.pageBytesMax - 8_192);
  t.not(nextPageToken, '');
});

test('a stream gives every leaf from its beginning, then each new one', async (t) => {
  const { port, made } = await withLeaves(t, 700);
  const seqs: number[] = [];
  const stream = made.stream({ firstSeq: 3n });
  stream.on('error', () => {});
  stream.on('data', ({ entries }) => seqs.push(...seqsOf(entries)));
  await until(() => seqs.length === 698);
  for (let more = 0; more < 3; more += 1) {
    await append(port, more);
    await until(() => seqs.length === 699 + more);
  }
  stream.cancel();
  t.deepEqual(seqs, upTo(704).slice(3));
  await until(() => port.server.load().calls === 0);
});

test('a stream that stops at the end tells the size first and last, whatever the filter lets pass', async (t) => {
  const { made } = await withLeaves(t, 2_500);
  const { answers, code } = await outcomeOf(made.stream({ stopAtEnd: true, kinds: ['open'] }));
  t.is(code, status.OK);
  t.deepEqual(seqsOf(answers.flatMap(({ entries }) => entries)), [0]);
  t.true(answers.every(({ logSize }) => logSize === 2_501n));
  t.is(answers.at(-1)?.nextSeq, 2_501n);
});

test('a stream that is not read does not go on reading the log', async (t) => {
  const { port } = await withLeaves(t, 0);
  const long = decision('x'.repeat(7_000));
  await Promise.all(Array.from({ length: 6_000 }, () => port.log.append({ leafFields: long })));
  const reads = countPages(port);
  const connection = await rawConnection(t, port.address);
  const headers = grpcHeaders('/jimini.v1.AuditService/StreamEntries', bearer(port.issue(['reader']).token));
  connection.send(frame(FRAME.HEADERS, END_HEADERS, 1, headers), frame(FRAME.DATA, END_STREAM, 1, Buffer.alloc(5)));
  await until(() => (connection.seen.get(`${FRAME.DATA}:1`) ?? 0) > 0);
  await settled(() => reads.pages);
  // Its window is 64 KiB and never grows: one message is sent in part, and one waits at most.
  t.true(reads.pages <= 3, `${reads.pages} pages were read for nobody`);
  connection.socket.destroy();
  await until(() => port.server.load().calls === 0);
});

/** Counts how often the log is read. */
function countPages({ log }: ControlPort): { readonly pages: number } {
  const counted = { pages: 0 };
  const page = log.page.bind(log);
  Object.assign(log, {
    page: (seq: number, count: number) => {
      counted.pages += 1;
      return page(seq, count);
    },
  });
  return counted;
}

/** Waits until a number has been the same for a while. */
async function settled(read: () => number): Promise<void> {
  for (let same = 0, last = -1; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    same = read() === last ? same + 1 : 0;
    last = read();
  }
}

test('one principal has so many streams and no more; others have room', async (t) => {
  const { port, made } = await withLeaves(t, 5);
  const streams = Array.from({ length: LIMITS.principalStreamsMax }, () => made.stream());
  for (const stream of streams) stream.on('error', () => {});
  await Promise.all(streams.map((stream) => once(stream, 'data')));
  t.like(await outcomeOf(made.stream()), { code: status.RESOURCE_EXHAUSTED });
  const other = auditClient(t, port.address, bearer(port.issue(['reader'], { name: 'ben' }).token));
  t.like(await outcomeOf(other.stream({ stopAtEnd: true })), { code: status.OK });
  for (const stream of streams) stream.cancel();
  const again = async () => (await outcomeOf(made.stream({ stopAtEnd: true }))).code;
  while ((await again()) !== status.OK) await new Promise((resolve) => setTimeout(resolve, 10));
  t.pass();
});

test('streams that have begun end when the server drains', async (t) => {
  const { port, made } = await withLeaves(t, 5);
  const stream = made.stream();
  const outcome = outcomeOf(stream);
  await once(stream, 'data');
  t.is(await port.server.drain(10_000), 0);
  t.like(await outcome, { code: status.UNAVAILABLE });
});

test('a log that is closed cannot be read: UNAVAILABLE, and nothing of where it lies', async (t) => {
  const { port, made } = await withLeaves(t, 5);
  await port.log.close('shutdown');
  const error = await t.throwsAsync(made.list());
  t.like(error, { code: status.UNAVAILABLE, details: 'the log cannot be used at the moment' });
});

async function reportOf(made: AuditClient, range = {}): Promise<{ report: VerifyReport | undefined; steps: number }> {
  const { answers, code, details } = await outcomeOf(made.verify(range));
  if (code !== status.OK) throw new Error(details);
  const step = answers.at(-1)?.step;
  return { report: step?.$case === 'report' ? step.value : undefined, steps: answers.length };
}

test('the sidecar verifies its own log, whole or in part, and says how far it is', async (t) => {
  const { port, made } = await withLeaves(t, 9_000);
  const whole = await reportOf(made);
  t.like(whole.report, { status: VerifyStatus.OK, verifiedLeaves: 9_001n, logId: port.log.logId, fault: undefined });
  t.is(whole.steps, 3);
  const { entries } = await made.list({ firstSeq: 9_000n });
  t.deepEqual(whole.report?.lastLeafHash, entries[0]?.leafHash);
  t.like((await reportOf(made, { firstSeq: 17n, endSeq: 20n })).report, {
    status: VerifyStatus.OK,
    verifiedLeaves: 3n,
  });
  t.like((await reportOf(made, { firstSeq: 20n, endSeq: 20n })).report, { status: VerifyStatus.EMPTY, logId: '' });
});

/** Closes the log, changes rows of its database, and serves it again. */
async function tampered(
  t: ExecutionContext,
  change: (db: ClassicLevel<Uint8Array, Uint8Array>, rows: readonly Entry[]) => Promise<void>,
): Promise<AuditClient> {
  // More than the last tile of the tree: what is damaged in that one is no log that can be gone on with.
  const { port, made } = await withLeaves(t, 300);
  const { entries } = await made.list();
  await port.log.close('shutdown');
  const db = new ClassicLevel<Uint8Array, Uint8Array>(logDirectory(port.dataDir), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await change(db, entries);
  await db.close();
  const again = await openControlPort(t, {}, port.dataDir);
  return auditClient(t, again.address, bearer(again.issue(['auditor']).token));
}

const keyOf = ({ seq, leafHash: hash }: Entry) => leafKey(Number(seq), Buffer.from(hash).toString('hex'));

test('a leaf whose bytes were changed is no answer, and a fault of the verification', async (t) => {
  const made = await tampered(t, (db, rows) => {
    const row = rows[12] as Entry;
    return db.put(keyOf(row), Buffer.from(row.leaf.toString().replace('BLOCK', 'ALLOW')));
  });
  t.like(await t.throwsAsync(made.list()), { code: status.DATA_LOSS });
  t.deepEqual(seqsOf((await made.list({ firstSeq: 14n, endSeq: 20n })).entries), [14, 15, 16, 17, 18, 19]);
  t.like(await outcomeOf(made.stream({ stopAtEnd: true })), { code: status.DATA_LOSS });
  const { report } = await reportOf(made);
  t.like(report, { status: VerifyStatus.TAMPERED, verifiedLeaves: 12n, fault: { seq: 12n, rule: 'hash' } });
  t.like((await reportOf(made, { firstSeq: 13n })).report, { fault: { seq: 13n, rule: 'prev' } });
  t.like((await reportOf(made, { firstSeq: 14n })).report, { status: VerifyStatus.OK });
});

test('a leaf that is gone is DATA_LOSS, and a fault of the verification', async (t) => {
  const made = await tampered(t, (db, rows) => db.del(keyOf(rows[12] as Entry)));
  t.like(await t.throwsAsync(made.list()), { code: status.DATA_LOSS });
  t.like((await reportOf(made)).report, { status: VerifyStatus.TAMPERED, fault: { seq: 12n, rule: 'seq' } });
  t.like((await reportOf(made, { firstSeq: 13n })).report, { fault: { seq: 13n, rule: 'prev' } });
  t.like((await reportOf(made, { firstSeq: 12n, endSeq: 13n })).report, { fault: { seq: 12n, rule: 'seq' } });
});

test('a hash of the tree that is gone or another one is a fault of the verification of the whole log', async (t) => {
  const { port, made } = await withLeaves(t, 300);
  const readTile = port.log.readTile.bind(port.log);
  const withTile = (change: (tile: Uint8Array) => Promise<Uint8Array>, of = 1) =>
    Object.assign(port.log, {
      readTile: async (level: number, index: number, width: number) =>
        level === of ? change(await readTile(level, index, width)) : readTile(level, index, width),
    });
  const damaged = { status: VerifyStatus.TAMPERED, fault: { rule: 'tree' } };
  t.like((await reportOf(made)).report, { status: VerifyStatus.OK });
  withTile(async (tile) => tile.map((byte) => byte ^ 1));
  t.like((await reportOf(made)).report, damaged);
  withTile(async () => Promise.reject(new JiminiError('JIMINI_STORE_CORRUPT', 'a tile is damaged')));
  t.like((await reportOf(made)).report, damaged);
  t.like((await reportOf(made, { firstSeq: 1n })).report, { status: VerifyStatus.OK, signedLeaves: 0n });
  withTile(async (tile) => tile.map((byte, at) => (at === 8_000 ? byte ^ 1 : byte)), 0);
  const { report } = await reportOf(made);
  t.like(report, damaged);
  t.regex(report?.fault?.found ?? '', /tile 0 of the leaf hashes/);
});

test('a checkpoint or a key that does not belong to the log is a fault of the verification of the whole log', async (t) => {
  const { port, made } = await withLeaves(t, 5);
  const { signed } = port.log;
  const size = 4;
  t.like((await reportOf(made)).report, {
    status: VerifyStatus.OK,
    signedLeaves: BigInt(signed.checkpoint?.size ?? 0),
  });
  const claimed = (state: object) =>
    Object.defineProperty(port.log, 'signed', { configurable: true, value: { ...signed, ...state } });
  claimed({ checkpoint: { note: checkpointOf(plainLog(size), signerOf(1)), size }, keys: [signerOf(1).key] });
  t.like((await reportOf(made)).report, {
    status: VerifyStatus.TAMPERED,
    fault: { seq: BigInt(size), rule: 'checkpoint' },
  });
  claimed({ checkpoint: signed.checkpoint, keys: [signerOf(1).key] });
  t.like((await reportOf(made)).report, { status: VerifyStatus.TAMPERED, fault: { rule: 'signer' } });
  t.like((await reportOf(made, { firstSeq: 1n })).report, { status: VerifyStatus.OK });
});

test('a foreign key among the leaves is a fault of the verification', async (t) => {
  const made = await tampered(t, (db) => db.put(Buffer.from('l\0\0\0\0\0\0\0\x05'), Buffer.from('?')));
  t.like((await reportOf(made)).report, { status: VerifyStatus.TAMPERED, fault: { rule: 'store' } });
});
