import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { entriesOfLines } from '../../sidecar/audit/verify/sources.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { leafText } from '../../sidecar/cli/log-leaf-text.js';
import { canonicalJson } from '../../sidecar/kernel/canonical-json.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { logOptions, openAuditLog } from './records.js';

const verifier = fileURLToPath(new URL('../../../tests/audit/verify.py', import.meta.url));
const ADD = {
  kind: 'config',
  what: 'tokens',
  event: 'add',
  token_id: 'abcdefghijklmno2',
  principal: 'ana',
  roles: ['auditor', 'reader'],
  expires_ms: 1_800_000_000_000,
} as const;
const REMOVE = { kind: 'config', what: 'tokens', event: 'remove', token_id: 'abcdefghijklmno2' } as const;
const REFUSED = { kind: 'admin', op: 'refused', method: '/jimini.v1.AuditService/Verify', reason: 'no_role' } as const;
const REFUSALS = { kind: 'admin', op: 'refusals', count: 9_940, first_ms: 1_000, last_ms: 2_000 } as const;

/** Leaves that hold, with the line that `log show` prints of them. */
const HOLD = [
  [ADD, 'tokens: add abcdefghijklmno2 of ana, roles auditor,reader, until 2027-01-15T08:00:00.000Z'],
  [
    { ...ADD, event: 'change' },
    'tokens: change abcdefghijklmno2 of ana, roles auditor,reader, until 2027-01-15T08:00:00.000Z',
  ],
  [REMOVE, 'tokens: remove abcdefghijklmno2'],
  [REFUSED, 'refused /jimini.v1.AuditService/Verify: no_role'],
  [{ ...REFUSED, principal: 'ana' }, 'refused /jimini.v1.AuditService/Verify: no_role of ana'],
  [REFUSALS, 'refusals: 9940 more calls were refused, 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z'],
] as const;

const BROKEN: readonly (readonly [what: string, fields: object])[] = [
  ['an event that is none', { ...ADD, event: 'grant' }],
  ['a token id that is none', { ...ADD, token_id: 'ABCDEFGHIJKLMNO2' }],
  ['a whole token for its id', { ...ADD, token_id: `jmn_${'a'.repeat(16)}_${'a'.repeat(52)}` }],
  ['a token without a principal', { ...REMOVE, event: 'add', roles: [], expires_ms: 1 }],
  ['too many roles', { ...ADD, roles: ['a', 'b', 'c', 'd', 'e'] }],
  ['an end that is no number', { ...ADD, expires_ms: '1' }],
  ['a removed token with roles', { ...REMOVE, roles: ['reader'] }],
  ['a policy in place of a token', { ...ADD, what: 'reload' }],
  ['a reason that is none', { ...REFUSED, reason: 'because' }],
  ['no method', { kind: 'admin', op: 'refused', reason: 'no_role' }],
  ['a principal that is no text', { ...REFUSED, principal: 1 }],
  ['no refusals', { ...REFUSALS, count: 0 }],
  ['refusals without their time', { kind: 'admin', op: 'refusals', count: 1, first_ms: 1 }],
  ['an operation that is no text', { ...REFUSALS, op: 1 }],
];

/** The lines of a log of an `open` leaf and one of these fields. */
async function linesWith(fields: object): Promise<Buffer> {
  const store = createFaultyStore();
  const log = await openAuditLog(logOptions(store));
  await log.append({ leafFields: REFUSED });
  await log.close('shutdown');
  const [open, second] = store.disk.map(({ bytes }) => Buffer.from(bytes).toString());
  const { epoch, log_id, mono_ns, prev, seq, time_ms, v } = JSON.parse(second ?? '');
  return Buffer.from(`${open}\n${canonicalJson({ ...fields, epoch, log_id, mono_ns, prev, seq, time_ms, v })}\n`);
}

const ours = async (lines: Buffer) =>
  verifyEntries(
    entriesOfLines(
      (async function* () {
        yield lines;
      })(),
    ),
  );

function python(lines: Buffer): { status: string; fault?: { rule: string; seq: number } } {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'entries.jsonl'), lines);
  const args = ['-B', verifier, '--export', directory, '--format', 'json'];
  return JSON.parse(spawnSync('python3', args, { encoding: 'utf8' }).stdout);
}

for (const [fields, line] of HOLD) {
  const title = `a leaf holds and can be read: ${line}`;
  test(title, async (t) => {
    const lines = await linesWith(fields);
    t.is((await ours(lines)).status, 'ok');
    t.true(leafText(Buffer.from(lines.toString().split('\n')[1] ?? '')).endsWith(`  ${line}`));
  });
  needs(pythonAndOpenssl)(`the second verifier agrees: ${line}`, async (t) => {
    t.is(python(await linesWith(fields)).status, 'unanchored', 'nothing of it is signed');
  });
}

for (const [what, fields] of BROKEN) {
  const found = (t: ExecutionContext, { status, fault }: { status: string; fault?: { rule: string; seq: number } }) => {
    t.is(status, 'tampered');
    t.like(fault, { rule: 'fields', seq: 1 });
  };
  test(`a leaf does not hold: ${what}`, async (t) => found(t, await ours(await linesWith(fields))));
  needs(pythonAndOpenssl)(`the second verifier agrees that it does not hold: ${what}`, async (t) => {
    found(t, python(await linesWith(fields)));
  });
}
