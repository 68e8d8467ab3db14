import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { leafHash } from '../../sidecar/audit/leaf-hash.js';
import { formatCheckpoint, originOf } from '../../sidecar/audit/notes/checkpoint.js';
import { formatNote } from '../../sidecar/audit/notes/note.js';
import { createNoteSigner, type NoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { formatTlogProof, parseTlogProof } from '../../sidecar/audit/notes/tlog-proof.js';
import { formatVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { inclusionProof } from '../../sidecar/audit/tree/proofs.js';
import { entriesOfLines } from '../../sidecar/audit/verify/sources.js';
import { verifyEntries, verifyHead } from '../../sidecar/audit/verify/verify-entries.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { decision, logOptions, openAuditLog } from './records.js';
import { memoryTreeOf } from './tree/memory-tree.js';
import { VECTORS } from './vectors/vectors.js';

const test = needs(pythonAndOpenssl);
const verifier = fileURLToPath(new URL('../../../tests/audit/verify.py', import.meta.url));
const VECTOR_FILES = ['tree-generated.json', 'proofs.json', 'notes.json', 'keys.json', 'proof-files.json'];

function python(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('python3', ['-B', ...args], { encoding: 'utf8' });
  return { exit: status, stdout, stderr };
}

const TOKEN = { token_id: 'a'.repeat(16) };
const SHOWN = { digest: '0'.repeat(64), first_shown_ms: 1, until_ms: 2 };

/** Leaves of a log: an `open`, decisions of several kinds, leaves of every kind of `config` and `admin`, a `close`. */
async function someLeaves(): Promise<Buffer[]> {
  const store = createFaultyStore();
  const log = await openAuditLog(logOptions(store));
  const classifiers = [{ model: 'm', name: 'n', rule: 'r', said: 'yes' }] as const;
  const entries = [
    decision('plain'),
    decision('\u00e9 "quoted" \\ \u{1f600} \u2028'),
    decision('asked', { classifiers, classifier_count: 3 }),
    decision('gaps', {
      gaps: ['body:absent'],
      gap_count: 1,
      raw: 'ALLOW',
      effective: 'ALLOW',
      rule_ids: [],
      rule_count: 0,
    }),
    decision('bypassed', { switch: 'bypass' }),
    decision('planned', { switch: 'maintenance', windows: ['new-chat'] }),
    { kind: 'config', what: 'reload', old_policy_revision: 'a', new_policy_revision: 'b' } as const,
    {
      kind: 'config',
      what: 'tokens',
      event: 'add',
      ...TOKEN,
      principal: 'ana',
      roles: ['reader'],
      expires_ms: 1,
    } as const,
    { kind: 'config', what: 'tokens', event: 'remove', ...TOKEN } as const,
    { kind: 'admin', op: 'kill_switch', event: 'begin', name: 'bypass', ...SHOWN } as const,
    { kind: 'admin', op: 'maintenance', event: 'lift', name: 'new-chat', from_ms: 1, ...SHOWN } as const,
    { kind: 'admin', op: 'refused', method: '/a.B/C', reason: 'no_token' } as const,
    { kind: 'admin', op: 'refused', method: '/a.B/C', reason: 'no_role', principal: 'ana' } as const,
    { kind: 'admin', op: 'refusals', count: 3, first_ms: 1, last_ms: 2 } as const,
  ];
  for (const leafFields of entries) await log.append({ leafFields });
  await log.close('shutdown');
  return store.disk.map(({ bytes }) => Buffer.from(bytes));
}

const leaves = await someLeaves();
const logId = (JSON.parse(String(leaves[0])) as { log_id: string }).log_id;
const lines = asLines(leaves);

function asLines(some: readonly Buffer[]): Buffer {
  return Buffer.concat(some.map((leaf) => Buffer.concat([leaf, Buffer.from('\n')])));
}

function headOf(some: readonly Buffer[]): string {
  return `{"hash":"${leafHash(some.at(-1) as Buffer)}","log_id":"${logId}","size":${some.length}}\n`;
}

function exportOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = join(temporaryDirectory(), 'export');
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

function verified(directory: string, ...args: string[]) {
  const { exit, stdout, stderr } = python(verifier, '--export', directory, '--format', 'json', ...args);
  return { exit, stderr, ...(stdout === '' ? {} : JSON.parse(stdout)) };
}

/** What our own verifier says of the same files. */
async function expected(entries: Uint8Array, head?: string) {
  async function* chunks() {
    yield entries;
  }
  const report = await verifyEntries(entriesOfLines(chunks()));
  return head === undefined ? report : verifyHead(report, Buffer.from(head));
}

function signerOf(seed: number): NoteSigner {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  return createNoteSigner(originOf(logId), createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

const [signer, stranger] = [signerOf(1), signerOf(2)];
const keyFile = (by: NoteSigner) => `${formatVerifierKey(by.key)}\n`;

function treeOf(some: readonly Buffer[]) {
  return memoryTreeOf(some.map((leaf) => Buffer.from(leafHash(leaf), 'hex')));
}

function checkpointOf(some: readonly Buffer[], by = signer): Buffer {
  const root = treeOf(some).edge.root();
  const text = Buffer.from(formatCheckpoint({ origin: originOf(logId), size: some.length, root, extensions: [] }));
  return formatNote({ text, signatures: [by.sign(text)] });
}

async function proofOf(index: number, some = leaves, by = signer): Promise<Buffer> {
  const hashes = await inclusionProof(treeOf(some).reader, index, some.length);
  return formatTlogProof({ index, hashes, checkpoint: checkpointOf(some, by) });
}

test('the Python verifier agrees with every vector', (t) => {
  const { exit, stdout, stderr } = python(join(VECTORS, 'check.py'));
  t.is(exit, 0, stdout + stderr);
  t.regex(stdout, /^[1-9]\d{2,} checked, 0 differ\n$/);
});

test('the vectors are those that the script makes', (t) => {
  const directory = temporaryDirectory();
  const { exit, stderr } = python(join(VECTORS, 'generate.py'), directory);
  t.is(exit, 0, stderr);
  for (const name of VECTOR_FILES)
    t.is(readFileSync(join(VECTORS, name), 'utf8'), readFileSync(join(directory, name), 'utf8'));
});

test('an export as it was written holds', (t) => {
  const report = verified(exportOf({ 'entries.jsonl': lines, 'head.json': headOf(leaves) }));
  t.like(report, { exit: 0, status: 'ok', entries: leaves.length, log_id: logId, fault: null }, report.stderr);
});

test('both verifiers find the same fault at the same place in changed exports', async (t) => {
  const change = fc.oneof(
    fc.tuple(fc.nat({ max: lines.length * 8 - 1 })).map(([bit]) => {
      const changed = Buffer.from(lines);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return changed;
    }),
    fc
      .tuple(
        fc.nat({ max: lines.length }),
        fc.nat({ max: 30 }),
        fc.constantFrom('', ' ', '\n', '\r', '"', '0', '\\u0061', '\ufeff'),
      )
      .map(([at, cut, put]) => Buffer.concat([lines.subarray(0, at), Buffer.from(put), lines.subarray(at + cut)])),
    fc.shuffledSubarray(leaves.map((_, at) => at)).map((order) => asLines(order.map((at) => leaves[at] as Buffer))),
  );
  await fc.assert(
    fc.asyncProperty(change, async (entries) => {
      const ours = await expected(entries, headOf(leaves));
      const report = verified(exportOf({ 'entries.jsonl': entries, 'head.json': headOf(leaves) }));
      t.is(report.exit, ours.status === 'ok' ? 0 : ours.status === 'tampered' ? 1 : 4, report.stderr);
      if (ours.status === 'bad input') return;
      t.is(report.entries, ours.entries);
      t.deepEqual([report.fault?.seq, report.fault?.rule], [ours.fault?.seq, ours.fault?.rule], JSON.stringify(report));
    }),
    { numRuns: 40 },
  );
});

test('leaves that are chained again do not pass with fields that their kind does not have', async (t) => {
  const fields: readonly (readonly [RegExp, string])[] = [
    [/"door":"ext_authz"/, '"door":7'],
    [/"direction":"inbound"/, '"direction":"sideways"'],
    [/"effective":"BLOCK"/, '"effective":"block"'],
    [/"rule_count":2/, '"rule_count":1'],
    [/"gap_count":0/, '"gap_count":-1'],
    [/"gaps":\[\]/, '"gaps":[true]'],
    [/"epoch":1/, '"epoch":0'],
    [/"c_req":""/, '"c_req":"0"'],
    [/"c_subj":""/, '"c_subj":null'],
    [/"mono_ns":"/, '"mono_ns":"0'],
    [/"v":1/, '"v":0'],
    [/"v":1/, '"v":true'],
    [/"tenant":""/, '"tenant":null'],
    [/"tenant":""/, '"tenant":"","tenant":""'],
    [/"tenant":""/, '"tenant":[[[[[[[1]]]]]]]'],
    [/"tenant":""/, '"tenant":[[[[[[[[1]]]]]]]]'],
    [/"time_ms":/, '"time_ms":-'],
    [/"time_ms":\d+/, '"time_ms":9007199254740992'],
    [/"time_ms":\d+/, '"time_ms":1.5'],
    [/"tenant":""/, '"tenant":"\\ud800"'],
    [/"tenant":""/, '"tenant":"\\u001F"'],
    [/"tenant":""/, `"tenant":"${'x'.repeat(9000)}"`],
    [/"v":1/, '"v":1,"z\u{1f600}":1,"z\uffff":2'],
    [/"v":1/, '"v":1,"z\uffff":1,"z\u{1f600}":2'],
    [/"kind":"decision"/, '"kind":"other"'],
    [/"kind":"decision"/, '"kind":"constructor"'],
  ];
  for (const [found, put] of fields) {
    const entries = asLines(leaves.with(1, Buffer.from(String(leaves[1]).replace(found, put))).slice(0, 2));
    t.notDeepEqual(entries, asLines(leaves.slice(0, 2)), put);
    const [ours, report] = [await expected(entries), verified(exportOf({ 'entries.jsonl': entries }))];
    t.deepEqual([report.status, report.fault?.rule], [ours.status, ours.fault?.rule], put);
  }
});

test('a checkpoint, its key and proofs are checked where they are', async (t) => {
  const files = {
    'entries.jsonl': lines,
    checkpoint: checkpointOf(leaves),
    'key.pub': keyFile(signer),
    'leaf-3.tlog-proof': await proofOf(3, leaves),
    'leaf-0.tlog-proof': await proofOf(0, leaves.slice(0, 5)),
  };
  const pin = join(temporaryDirectory(), 'pin');
  writeFileSync(pin, keyFile(signer));
  t.like(verified(exportOf(files)), { exit: 0, pinned: false });
  t.like(verified(exportOf(files), '--key', pin), { exit: 0, pinned: true });

  const tampered = async (rule: string, changed: Readonly<Record<string, string | Uint8Array>>, ...args: string[]) =>
    t.like(verified(exportOf({ ...files, ...changed }), ...args), { exit: 1, fault: { rule } });
  await tampered('checkpoint', { checkpoint: checkpointOf(leaves, stranger) });
  await tampered(
    'checkpoint',
    { checkpoint: checkpointOf(leaves, stranger), 'key.pub': keyFile(stranger) },
    '--key',
    pin,
  );
  await tampered('checkpoint', { checkpoint: checkpointOf(leaves.toReversed()) });
  await tampered('checkpoint', { checkpoint: 'nothing' });
  await tampered('proof', { 'leaf-3.tlog-proof': await proofOf(3, leaves, stranger) });
  await tampered('proof', { 'leaf-3.tlog-proof': await proofOf(3, leaves.toReversed()) });
  await tampered('proof', { 'leaf-3.tlog-proof': 'nothing' });
  await tampered('proof', { 'leaf-4.tlog-proof': formatTlogProof({ ...parseTlogProof(await proofOf(3)), index: 4 }) });
  await tampered('proof', { 'leaf-9.tlog-proof': formatTlogProof({ ...parseTlogProof(await proofOf(3)), index: 9 }) });
  const beyond = { ...files, 'leaf-9.tlog-proof': await proofOf(9, [...leaves, ...leaves]) };
  t.like(verified(exportOf(beyond)), { exit: 2, fault: { rule: 'proof' } });
});

test('exit codes tell a cut log, leaves without a checkpoint and bad input apart', (t) => {
  const kept = (content: string | Uint8Array) => {
    const path = join(temporaryDirectory(), 'kept');
    writeFileSync(path, content);
    return path;
  };
  const pin = kept(keyFile(signer));
  const cut = { 'entries.jsonl': asLines(leaves.slice(0, 4)) };
  const whole = { 'entries.jsonl': lines };
  const exit = (files: Readonly<Record<string, string | Uint8Array>>, ...args: string[]) =>
    verified(exportOf(files), ...args).exit;

  t.is(exit(whole, '--anchor', kept(headOf(leaves.slice(0, 3)))), 0);
  t.is(exit(whole, '--anchor', kept(checkpointOf(leaves.slice(0, 3))), '--key', pin), 0);
  t.is(exit(whole, '--anchor', kept(checkpointOf([])), '--key', pin), 0);

  t.is(exit(cut, '--anchor', kept(headOf(leaves))), 2);
  t.is(exit({ ...cut, 'head.json': headOf(leaves) }, '--anchor', kept(headOf(leaves))), 2);
  t.is(exit(cut, '--anchor', kept(checkpointOf(leaves)), '--key', pin), 2);
  t.is(exit({ 'entries.jsonl': '' }, '--anchor', kept(checkpointOf(leaves)), '--key', pin), 2);
  t.is(exit({ ...cut, checkpoint: checkpointOf(leaves), 'key.pub': keyFile(signer) }), 2);

  t.is(exit({ ...whole, checkpoint: checkpointOf(leaves.slice(0, 4)), 'key.pub': keyFile(signer) }), 3);

  t.is(exit(whole, '--anchor', kept(headOf(leaves.toReversed()))), 1);
  t.is(exit(whole, '--anchor', kept(headOf(leaves).replace(logId, logId.replaceAll(/./g, 'a')))), 1);
  t.is(exit(whole, '--anchor', kept(checkpointOf(leaves.toReversed())), '--key', pin), 1);
  t.is(exit({ ...whole, 'key.pub': keyFile(stranger) }, '--anchor', kept(checkpointOf(leaves))), 1);

  t.is(exit({ 'entries.jsonl': '' }), 4);
  t.is(exit({}), 4);
  t.is(exit(whole, '--anchor', kept('nothing'), '--key', pin), 4);
  t.is(exit(whole, '--anchor', kept('{}')), 4);
  t.is(exit(whole, '--anchor', kept(checkpointOf(leaves, stranger)), '--key', pin), 4);
  t.is(exit(whole, '--anchor', kept(checkpointOf(leaves))), 4);
  t.is(exit(whole, '--anchor', '/nonexistent'), 4);
  t.is(exit(whole, '--key', kept('nothing')), 4);
  t.is(exit({ ...whole, checkpoint: checkpointOf(leaves) }), 4);
  t.is(python(verifier).exit, 4);
  t.is(python(verifier, '--help').exit, 0);
});
