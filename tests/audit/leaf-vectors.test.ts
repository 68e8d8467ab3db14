import test from 'ava';
import { entriesOfLines } from '../../sidecar/audit/verify/sources.js';
import { verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { asLines, leafVectors, verifyExport } from './signed-logs.js';
import { readVectors } from './vectors/vectors.js';

async function ruleOf(file: Uint8Array) {
  async function* chunks() {
    yield file;
  }
  const { fault, entries } = await verifyEntries(entriesOfLines(chunks()));
  return { rule: fault?.rule ?? null, entries };
}

const KINDS = 'open decision admin config gap key close export erase restrict prune hold'.split(' ');

test('the log of the vectors, which has every kind of leaf, holds to its checkpoint', async (t) => {
  const files = {
    'entries.jsonl': Buffer.from(leafVectors.log.map((leaf) => `${leaf}\n`).join('')),
    checkpoint: Buffer.from(leafVectors.checkpoint[0]),
    'key.pub': Buffer.from(leafVectors.keys.map((key) => `${key}\n`).join('')),
  };
  const { report } = await verifyExport(files);
  t.like(report, { status: 'ok', entries: 64, signedSize: 64, epoch: 3, opaque: 3, gaps: 6 });
  const kinds = new Set(leafVectors.log.map((leaf) => (JSON.parse(leaf) as { kind: string }).kind));
  const missing = KINDS.filter((kind) => !kinds.has(kind));
  t.deepEqual(missing, []);
});

test('each leaf of the vectors holds, or breaks the rule that the vectors say', async (t) => {
  const { first, leaves } = leafVectors.cases;
  for (const { why, leaf, base64, rule } of leaves) {
    const bytes = base64 === undefined ? Buffer.from(leaf ?? '') : Buffer.from(base64, 'base64');
    const file = Buffer.concat([Buffer.from(`${first}\n`), bytes, Buffer.from('\n')]);
    t.deepEqual(await ruleOf(file), { rule, entries: rule === null ? 2 : 1 }, why);
  }
});

for (const { why, base64, rule, seq } of leafVectors.files) {
  test(`ends of lines: ${why}`, async (t) => {
    t.deepEqual(await ruleOf(Buffer.from(base64, 'base64')), { rule, entries: rule === null ? 3 : seq });
  });
}

/** A log of which leaves were removed, as the Python program beside the vectors makes it. */
interface PrunedVectors {
  readonly keys: readonly string[];
  readonly cases: readonly {
    readonly why: string;
    readonly status: string;
    readonly rule: string | null;
    readonly checkpoint: string;
    readonly boundary: readonly string[] | null;
    readonly entries: readonly string[];
  }[];
}

const pruned = readVectors<PrunedVectors>('pruned.json');

for (const { why, status, rule, checkpoint, boundary, entries } of pruned.cases) {
  test(`leaves removed: ${why}`, async (t) => {
    const { report } = await verifyExport({
      'entries.jsonl': asLines(entries),
      ...(boundary && { 'boundary.jsonl': asLines(boundary) }),
      checkpoint: Buffer.from(checkpoint),
      'key.pub': asLines(pruned.keys),
    });
    t.deepEqual([report?.status, report?.fault?.rule ?? null], [status, rule], JSON.stringify(report));
  });
}
