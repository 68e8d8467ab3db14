import test from 'ava';
import { readEvidence } from '../../sidecar/audit/verify/held-against.js';
import type { ReadPayloadRows } from '../../sidecar/audit/verify/payload-rows.js';
import { createVerification, type HeldAgainst, verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { asLines, checkpointOf, keyFile, signerOf, verifyExport } from './signed-logs.js';
import { readVectors } from './vectors/vectors.js';

type HexPair = readonly [key: string, value: string];

const { logs, cases } = readVectors<{
  readonly logs: Readonly<Record<string, readonly string[]>>;
  readonly cases: readonly { why: string; log: string; rows: readonly HexPair[]; rule: string | null; seq: number }[];
}>('payload-rows.json');

const LETTERS = { envelope: '65', tombstone: '78' };

const NOTHING_SIGNED: Pick<HeldAgainst, 'claims' | 'keys'> = { claims: [], keys: [] };

/** What the verifier says of the leaves of a log with these rows beside them. */
function verified(log: string, pairs: readonly HexPair[], signed = NOTHING_SIGNED) {
  const entries = (logs[log] ?? []).map((leaf, seq) => ({ seq, bytes: Buffer.from(leaf) }));
  return verifyEntries(entries, undefined, { ...signed, payloadRows: rowReader(pairs) });
}

function rowReader(pairs: readonly HexPair[]): ReadPayloadRows {
  return async function* (kind) {
    for (const [key, value] of pairs) {
      if (key.startsWith(LETTERS[kind])) yield { key: Buffer.from(key, 'hex'), value: Buffer.from(value, 'hex') };
    }
  };
}

const rowsOf = (why: string) => cases.find((each) => each.why === why)?.rows ?? [];

for (const { why, log, rows, rule, seq } of cases) {
  test(`rows beside the leaves hold, or break the rule that the vectors say: ${why}`, async (t) => {
    const { status, fault, entries } = await verified(log, rows);
    t.is(entries, 16);
    t.is(status, rule === null ? 'unanchored' : 'tampered', JSON.stringify(fault));
    if (rule !== null) t.like(fault, { rule, seq });
  });
}

const pruned = readVectors<{
  readonly keys: readonly string[];
  readonly cases: readonly [{ checkpoint: string; boundary: readonly string[]; entries: readonly string[] }];
  readonly payloads: readonly { why: string; rows: readonly HexPair[]; rule: string | null; seq: number }[];
}>('pruned.json');

for (const { why, rows, rule, seq } of pruned.payloads) {
  test(`rows beside leaves of which others were removed, as the vectors say: ${why}`, async (t) => {
    const { checkpoint, boundary, entries } = pruned.cases[0];
    const files = {
      'entries.jsonl': asLines(entries),
      'boundary.jsonl': asLines(boundary),
      'key.pub': asLines(pruned.keys),
      checkpoint: Buffer.from(checkpoint),
    };
    const { report } = await verifyExport(files, {}, { payloadRows: rowReader(rows) });
    t.like(report, { status: rule === null ? 'ok' : 'tampered', entries: entries.length });
    if (rule === null) t.deepEqual(report?.payloads, { envelopes: 11, erased: 0 });
    else t.like(report?.fault, { rule, seq });
  });
}

test('a flipped bit is noticed in every byte of envelopes and tombstones and of their keys', async (t) => {
  const pairs = rowsOf('three were erased');
  t.like(await verified('erased', pairs), { payloads: { envelopes: 5, erased: 3 } });
  for (const [at, pair] of pairs.entries()) {
    for (const part of [0, 1] as const) {
      for (let byte = 0; byte < pair[part].length / 2; byte += 1) {
        const bytes = Buffer.from(pair[part], 'hex');
        bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << (byte % 8)), byte);
        const changed: HexPair = part === 0 ? [bytes.toString('hex'), pair[1]] : [pair[0], bytes.toString('hex')];
        const all = pairs.with(at, changed).toSorted(([a], [b]) => (a < b ? -1 : 1));
        const { status, fault } = await verified('erased', all);
        t.is(status, 'tampered', `${pair[part]}, byte ${byte}`);
        t.is(fault?.rule, 'envelope');
      }
    }
  }
});

test('where the first leaves are not looked at, neither is what lies beside them', async (t) => {
  const leaves = (logs['erased'] ?? []).map((leaf, seq) => ({ seq, bytes: Buffer.from(leaf) }));
  const reportOf = async (first: number, why: string) => {
    const against = { ...NOTHING_SIGNED, payloadRows: rowReader(rowsOf(why)) };
    const verification = createVerification(leaves[first - 1], against);
    for (const leaf of leaves.slice(first)) t.true(verification.add(leaf));
    await verification.end();
    return verification.report();
  };
  t.like(await reportOf(4, 'the first one is missing'), {
    status: 'unanchored',
    payloads: { envelopes: 6, erased: 0 },
  });
  t.like(await reportOf(4, 'an envelope beside a decision that has none'), { status: 'unanchored' });
  t.like(await reportOf(4, 'two envelopes swapped'), { status: 'tampered', fault: { seq: 6 } });
  t.like(await reportOf(7, 'two envelopes swapped'), { status: 'tampered', fault: { seq: 7 } });
});

test('of a log that was cut off payloads may be missing, and none may be another one', async (t) => {
  const leaves = (logs['erased'] ?? []).map((leaf) => Buffer.from(leaf));
  const signer = signerOf(1);
  const bytes = checkpointOf(leaves, signer, leaves.length + 5);
  const evidence = readEvidence({
    files: [{ source: 'checkpoint', name: 'checkpoint', bytes }],
    keys: { name: 'keys', bytes: keyFile(signer) },
  });
  if (!('claims' in evidence)) return t.fail();
  t.like(await verified('erased', rowsOf('every envelope is there'), evidence), { status: 'truncated' });
  t.like(await verified('erased', rowsOf('the last one is missing'), evidence), { status: 'truncated' });
  const changed = await verified('erased', rowsOf('two envelopes swapped'), evidence);
  t.like(changed, { status: 'tampered', fault: { rule: 'envelope', seq: 6 } });
  return undefined;
});
