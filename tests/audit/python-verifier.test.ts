import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { python, verifier, verifyMany } from './python-verifier.js';
import { allKinds, asLines, type ExportFiles, exportOf, proofOf, signerOf, verifyExport } from './signed-logs.js';
import { VECTORS } from './vectors/vectors.js';

const test = needs(pythonAndOpenssl);
const VECTOR_FILES = [
  'tree-generated.json',
  'proofs.json',
  'notes.json',
  'keys.json',
  'proof-files.json',
  'leaves.json',
  'payload-rows.json',
  'pruned.json',
];
const SIGNERS = [signerOf(6), signerOf(3), signerOf(1)] as const;

test('the Python verifier agrees with every vector', (t) => {
  const { exit, stdout, stderr } = python([join(VECTORS, 'check.py')]);
  t.is(exit, 0, stdout + stderr);
  t.regex(stdout, /^[1-9]\d{3,} checked, 0 differ\n$/);
});

test('the vectors are those that the script makes', (t) => {
  const directory = temporaryDirectory();
  const { exit, stderr } = python([join(VECTORS, 'generate.py'), directory]);
  t.is(exit, 0, stderr);
  for (const name of VECTOR_FILES)
    t.is(readFileSync(join(VECTORS, name), 'utf8'), readFileSync(join(directory, name), 'utf8'));
});

test('both verifiers find the same fault at the same place in changed exports', async (t) => {
  const whole: ExportFiles = {
    ...exportOf(allKinds, ...SIGNERS),
    'leaf.tlog-proof': await proofOf(11, allKinds, SIGNERS[0]),
  };
  const lines = whole['entries.jsonl'] as Buffer;
  const change = fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(whole)), fc.nat()).map(([name, at]) => {
      const changed = Buffer.from(whole[name] as Uint8Array);
      const bit = at % (changed.length * 8);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return { ...whole, [name]: changed };
    }),
    fc
      .tuple(
        fc.nat({ max: lines.length }),
        fc.nat({ max: 30 }),
        fc.constantFrom('', ' ', '\n', '\r', '"', '0', '\\u0061', '\ufeff'),
      )
      .map(([at, cut, put]) => ({
        ...whole,
        'entries.jsonl': Buffer.concat([lines.subarray(0, at), Buffer.from(put), lines.subarray(at + cut)]),
      })),
    fc
      .shuffledSubarray(allKinds.map((_, at) => at))
      .map((order) => ({ ...whole, 'entries.jsonl': asLines(order.map((at) => allKinds[at] as Buffer)) })),
  );
  const seed = Date.now() % 2 ** 31;
  const cases = fc.sample(change, { numRuns: 300, seed }).map((files) => ({ files }));
  const reports = verifyMany(cases);
  for (const [at, { files }] of cases.entries()) {
    const { exit, report } = await verifyExport(files);
    const theirs = reports[at];
    const said = `seed ${seed}, case ${at}: ${JSON.stringify([theirs, report])}`;
    t.is(theirs?.exit, exit, said);
    if (exit === 4) continue;
    const told = [theirs?.entries, theirs?.fault?.seq, theirs?.fault?.rule];
    t.deepEqual(told, [report?.entries, report?.fault?.seq, report?.fault?.rule], said);
  }
});

test('the Python verifier is run by hand with files and exit codes', (t) => {
  const directory = join(temporaryDirectory(), 'export');
  mkdirSync(directory);
  for (const [name, bytes] of Object.entries(exportOf(allKinds, ...SIGNERS)))
    writeFileSync(join(directory, name), bytes);
  const run = (...args: string[]) => python([verifier, ...args]);
  const text = run('--export', directory);
  t.is(text.exit, 0);
  t.regex(text.stdout, /^ok; 64 leaves of log [a-z2-7]{26} hold \(signer not pinned\); payloads not checked\n$/);
  const pinned = run('--export', directory, '--key', join(directory, 'key.pub'), '--format', 'json');
  t.like(JSON.parse(pinned.stdout), { status: 'ok', entries: 64, pinned: true, epoch: 3, opaque: 3 });
  t.is(run('--export', directory, '--anchor', '/nonexistent').exit, 4);
  t.is(run('--export', '/nonexistent').exit, 4);
  t.is(run('--export', directory, '--key', directory).exit, 4);
  t.is(run().exit, 4);
  t.is(run('--nonsense').exit, 4);
  t.is(run('--help').exit, 0);
});
