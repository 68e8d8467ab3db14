import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { formatTlogProof } from '../../sidecar/audit/notes/tlog-proof.js';
import { checkProofFile } from '../../sidecar/audit/verify/checkpoints.js';
import { readKeyFile } from '../../sidecar/audit/verify/key-file.js';
import type { NoteKey } from '../../sidecar/audit/verify/signed-note.js';
import { type LogSource, withLogSource } from '../../sidecar/cli/log-source.js';
import { decision } from '../audit/records.js';
import { exportOf, leafHashOf, plainLog, signerOf } from '../audit/signed-logs.js';
import { openControlPort } from '../server/control-rig.js';
import { temporaryDirectory, until } from '../server/rig.js';

/** What a log gives: all leaves, the last one, and a proof of each by its newest checkpoint. */
async function readAll(t: ExecutionContext, source: LogSource, size: number): Promise<Buffer[]> {
  const leaves: Buffer[] = [];
  for await (const leaf of source.leaves()) leaves.push(Buffer.from(leaf));
  const last = await source.last();
  t.deepEqual([last?.seq, Buffer.from(last?.bytes ?? [])], [leaves.length - 1, leaves.at(-1)]);
  const keys = readKeyFile(source.keys ?? new Uint8Array(0)) as NoteKey[];
  for (const seq of [0, 1, size - 1]) {
    const { leafHash, hashes } = await source.prove(seq, size);
    t.is(Buffer.from(leafHash).toString('hex'), leafHashOf(leaves[seq] as Buffer));
    const file = formatTlogProof({ index: seq, hashes, checkpoint: source.checkpoint as Uint8Array });
    t.like(checkProofFile(file, leafHash, keys), { index: seq });
  }
  return leaves;
}

test('the log of a running sidecar is read, and its leaves are proven, over the control port', async (t) => {
  const { address, issue, log } = await openControlPort(t);
  await Promise.all(Array.from({ length: 299 }, (_, at) => log.append({ leafFields: decision(`r${at}`) })));
  await until(() => log.signed.checkpoint?.size === 300);
  const file = join(temporaryDirectory(t), 'token');
  writeFileSync(file, `${issue(['reader']).token}\n`, { mode: 0o600 });
  const io = { env: { JIMINI_TOKEN_FILE: file }, directory: '/' };
  await withLogSource({ address }, io, async (source) => {
    t.is((await readAll(t, source, 300)).length, 300);
    await t.throwsAsync(source.prove(300, 301), { message: /INVALID_ARGUMENT: tree_size is larger/ });
  });
});

test('an export is read, and its leaves are proven, without a stored tree', async (t) => {
  const leaves = plainLog(300);
  const directory = temporaryDirectory(t);
  const io = { env: {}, directory: '/' };
  for (const [name, bytes] of Object.entries(exportOf(leaves, signerOf(1))))
    writeFileSync(join(directory, name), bytes);
  await withLogSource({ export: directory }, io, async (source) => {
    t.deepEqual(await readAll(t, source, 300), leaves);
    await t.throwsAsync(source.prove(300, 300), { code: 'JIMINI_INVALID_ARGUMENT' });
    await t.throwsAsync(source.prove(1, 301), { message: 'there are 300 leaves instead of 301' });
  });
});

for (const [what, options] of [
  ['two places', { export: '/a', dataDir: '/b' }],
  ['TLS without an address', { export: '/a', ca: '/b' }],
] as const) {
  test(`refused: ${what}`, async (t) => {
    await t.throwsAsync(
      withLogSource(options, { env: {}, directory: '/' }, async () => {}),
      { code: 'JIMINI_USAGE' },
    );
  });
}
