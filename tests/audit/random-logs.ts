import fc from 'fast-check';
import type { NoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import type { CanonicalValue } from '../../sidecar/kernel/canonical-json.js';
import {
  CLOSE,
  chained,
  checkpointOf,
  DECISION,
  type ExportFiles,
  exportOf,
  type Given,
  keyFile,
  keyLeaf,
  OPEN,
  proofOf,
  signerOf,
} from './signed-logs.js';

/** A log that nobody has touched. */
export interface CleanLog {
  readonly files: ExportFiles;
  readonly given: Given;
}

type Fields = Readonly<Record<string, CanonicalValue>>;

/** Any text that a leaf can hold, with what is hard to write in JSON. */
const text = fc.string({ unit: 'binary', maxLength: 12 });
const hash = fc.constantFrom('', '0'.repeat(64), `${'0123456789abcdef'.repeat(4)}`);
const integer = fc.oneof(fc.nat(), fc.maxSafeNat());
const verdict = fc.constantFrom('ALLOW', 'FLAG', 'MASK', 'BLOCK');

const decision: fc.Arbitrary<Fields> = fc
  .record({
    route: text,
    tenant: text,
    direction: fc.constantFrom('inbound', 'outbound', ''),
    raw: verdict,
    effective: verdict,
    rule_ids: fc.array(text, { maxLength: 5 }),
    gaps: fc.array(text, { maxLength: 3 }),
    c_request_id: hash,
    c_req: hash,
    c_resp: hash,
    c_subj: hash,
    time_ms: integer,
    more: integer,
  })
  .map(({ more, ...fields }) => ({
    ...DECISION,
    ...fields,
    envelope: `${fields.c_request_id}${fields.c_req}${fields.c_resp}${fields.c_subj}`.slice(0, 64),
    rule_count: fields.rule_ids.length + (more % 9),
    gap_count: fields.gaps.length + (more % 2),
  }));
const extra = fc.constantFrom<Fields>(
  { switch: 'lockdown' },
  { switch: 'maintenance', windows: ['a', 'b'] },
  { classifiers: [{ model: 'm', name: 'n', rule: 'r', said: 'no' }], classifier_count: 7 },
  { link_seq: 0, answer: 'inspected', outcome: 'blocked_late', delivered: '101-1000' },
  { unknown: { '': [true, false, -1, { '\u{10ffff}': '\u007f' }] } },
);
const other = fc.oneof(
  fc.record({ kind: fc.constant('later'), anything: text }),
  fc.record({
    kind: fc.constant('config'),
    what: fc.constant('packs'),
    old_policy_revision: text,
    new_policy_revision: text,
  }),
  fc.record({
    kind: fc.constant('admin'),
    op: fc.constant('refusals'),
    count: fc.constant(1),
    first_ms: integer,
    last_ms: integer,
  }),
  fc.record({
    kind: fc.constant('gap'),
    reason: fc.constant('store_unavailable'),
    records: integer,
    kept: fc.constantFrom([], [0, 4], [7, 7]),
    first_ms: integer,
    last_ms: integer,
  }),
  fc.constant<Fields>(CLOSE),
);
const leaf: fc.Arbitrary<Fields> = fc.oneof(
  { weight: 4, arbitrary: decision },
  { weight: 2, arbitrary: fc.tuple(decision, extra).map(([fields, more]) => ({ ...fields, ...more })) },
  { weight: 2, arbitrary: other },
);

/** A log of one to some dozens of leaves, of up to three keys, with anchor, pins and proofs that hold. */
export const cleanLog: fc.Arbitrary<Promise<CleanLog>> = fc
  .record({
    runs: fc.array(fc.array(leaf, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    anchorAt: fc.nat(),
    provenAt: fc.nat(),
    hasAnchor: fc.boolean(),
    isPinned: fc.boolean(),
    hasProof: fc.boolean(),
  })
  .map(async ({ runs, anchorAt, provenAt, hasAnchor, isPinned, hasProof }) => {
    const signers = runs.map((_, at) => signerOf(at + 1)).reverse() as [NoteSigner, ...NoteSigner[]];
    const newest = signers[0];
    const leaves = runs.reduce<Buffer[]>((before, run, at) => {
      if (before.length === 0) return chained([OPEN, ...run]);
      const open = { ...OPEN, recovered_size: before.length, previous_close: 'unclean' };
      const key = keyLeaf(at + 1, signerOf(at), signerOf(at + 1), { what: 'rotate' });
      return chained([open, key, ...run], before);
    }, []);
    const size = anchorAt % (leaves.length + 1);
    const last = leaves[Math.max(0, size - 1)];
    const signedBy = signerOf((JSON.parse(String(last)) as { epoch: number }).epoch);
    const files = exportOf(leaves, ...signers);
    const proof = hasProof && { 'a.tlog-proof': await proofOf(provenAt % leaves.length, leaves, newest) };
    return {
      files: { ...files, ...proof },
      given: {
        ...(hasAnchor && { anchor: checkpointOf(leaves.slice(0, size), signedBy) }),
        ...(isPinned && { key: keyFile(signers[anchorAt % signers.length] as NoteSigner) }),
      },
    };
  });
