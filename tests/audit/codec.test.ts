import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { type BatchEntry, formBatch } from '../../sidecar/audit/batch.js';
import { encodeLeaf } from '../../sidecar/audit/leaf-codec.js';
import { leafHash, NO_PREV } from '../../sidecar/audit/leaf-hash.js';
import { mintLogId } from '../../sidecar/audit/log-id.js';
import { createTreeEdge } from '../../sidecar/audit/tree/tree-edge.js';
import { type Scanned, scanCanonical } from '../../sidecar/audit/verify/canonical-scan.js';
import { type CanonicalValue, canonicalJson } from '../../sidecar/kernel/canonical-json.js';
import type { DecisionFields, LeafPlace } from '../../sidecar/kernel/leaf.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { decision } from './records.js';

const place: LeafPlace = {
  v: 1,
  log_id: 'abcdefghijklmnopqrstuvwxyz',
  epoch: 1,
  seq: 7,
  time_ms: 1_800_000_000_000,
  mono_ns: '12345',
  prev: 'a'.repeat(64),
};

/** Strings with everything in them that JSON treats specially, whole code points only. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', '\\', '/', '\u007f', '\u2028', '\0', '\n', '\u001f'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
  maxLength: 12,
});

const answers = fc.array(
  fc.record({
    model: text,
    name: text,
    rule: text,
    said: fc.constantFrom('yes' as const, 'no' as const, 'failed' as const),
  }),
  { maxLength: 4 },
);
const asked = fc.option(
  answers.map((classifiers) => ({ classifiers, classifier_count: classifiers.length })),
  { nil: {} },
);

const judged: fc.Arbitrary<DecisionFields> = fc.record({
  kind: fc.constant('decision' as const),
  door: fc.constantFrom('ext_authz' as const, 'evaluate' as const, 'cli' as const),
  direction: fc.constantFrom('inbound' as const, 'outbound' as const, '' as const),
  route: text,
  tenant: text,
  raw: fc.constantFrom('ALLOW' as const, 'FLAG' as const, 'MASK' as const, 'BLOCK' as const),
  effective: fc.constantFrom('ALLOW' as const, 'FLAG' as const, 'MASK' as const, 'BLOCK' as const),
  rule_ids: fc.array(text, { maxLength: 5 }),
  rule_count: fc.nat(),
  gaps: fc.subarray(['body:partial' as const, 'json:malformed' as const, 'path:ambiguous' as const]),
  gap_count: fc.nat(),
  policy_revision: text,
  c_request_id: text,
  c_req: text,
  c_resp: text,
  c_subj: text,
});
const switched: fc.Arbitrary<Pick<DecisionFields, 'switch' | 'windows'>> = fc.oneof(
  fc.constant({}),
  fc.record({ switch: fc.constantFrom('bypass' as const, 'lockdown' as const) }),
  fc.record({ switch: fc.constant('maintenance' as const), windows: fc.array(text, { maxLength: 3 }) }),
);
const decisions = fc
  .tuple(judged, asked, switched)
  .map(([fields, ...more]): DecisionFields => Object.assign({}, fields, ...more));

test('the fast way to write a decision gives what canonical JSON gives', (t) => {
  fc.assert(
    fc.property(decisions, text, (fields, envelope) => {
      const expected = canonicalJson({ ...fields, ...place, envelope } as unknown as CanonicalValue);
      return encodeLeaf(fields, place, envelope).equals(Buffer.from(`\0${expected}`));
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('whatever the writer writes, the verifier reads as canonical, with the same values', (t) => {
  fc.assert(
    fc.property(decisions, (fields) => {
      const leaf = scanCanonical(encodeLeaf(fields, place).toString('utf8', 1)) as ReadonlyMap<string, Scanned>;
      const expected = { ...fields, ...place, envelope: '' };
      for (const [name, value] of Object.entries(expected)) {
        if (JSON.stringify(plain(leaf.get(name))) !== JSON.stringify(value)) return false;
      }
      return leaf.size === Object.keys(expected).length;
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

/** A scanned value with its maps as objects. */
function plain(value: Scanned | undefined): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map
    ? Object.fromEntries(Array.from(value, ([name, member]) => [name, plain(member)]))
    : value;
}

test('the verifier and the canonical writer agree on every value that both know', (t) => {
  const { value } = fc.letrec<{ value: CanonicalValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 5 },
      text,
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1', '10', '2')), tie('value'), {
        maxKeys: 4,
        noNullPrototype: false,
      }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(text, value, { maxKeys: 3 }), (object) => 'get' in scanCanonical(canonicalJson(object))),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('lists that are too long are cut, and the counts stay', (t) => {
  const ids = Array.from({ length: 100 }, (_, index) => `pack.rule-${index}`);
  const leaf = JSON.parse(encodeLeaf(decision('r', { rule_ids: ids, rule_count: 100 }), place).toString('utf8', 1));
  t.deepEqual(leaf.rule_ids, ids.slice(0, LIMITS.leafRuleIdsMax));
  t.is(leaf.rule_count, 100);
});

test('rule ids are cut until the leaf fits, so that no judgement is too long to be recorded', (t) => {
  const ids = Array.from({ length: 64 }, (_, index) => `${'x'.repeat(500)}${index}`);
  const leaf = encodeLeaf(decision('r', { rule_ids: ids, rule_count: 64 }), place);
  t.true(leaf.length - 1 <= LIMITS.leafBytesMax);
  const written = JSON.parse(leaf.toString('utf8', 1));
  t.deepEqual(written.rule_ids, ids.slice(0, 8));
  t.is(written.rule_count, 64);
});

test('answers of classifiers are cut to their limit, and further where the leaf would be too large', (t) => {
  const written = (rule: string) => {
    const answer = { model: 'm', name: 'n', rule, said: 'yes' as const };
    const fields = { classifiers: Array.from({ length: 20 }, () => answer), classifier_count: 20 };
    return JSON.parse(encodeLeaf(decision('r', fields), place).toString('utf8', 1));
  };
  t.is(written('rule').classifiers.length, LIMITS.leafClassifiersMax);
  t.is(written('rule').classifier_count, 20);
  t.deepEqual(written('rule').rule_ids, decision('r').rule_ids);
  t.is(written('x'.repeat(1_500)).classifiers.length, 4);
  t.is(written('x'.repeat(9_000)).classifiers.length, 0);
});

test('fields that no leaf can hold are refused', (t) => {
  const refused = { code: 'JIMINI_INVALID_ARGUMENT' };
  t.throws(() => encodeLeaf(decision('\ud800'), place), refused);
  t.throws(() => encodeLeaf(decision('x'.repeat(LIMITS.leafBytesMax)), place), refused);
  t.throws(() => encodeLeaf(decision('r', { rule_count: 1.5 }), place), refused);
  t.throws(() => encodeLeaf(decision('r', { rule_count: -0 }), place), refused);
});

test('the leaf hash is that of RFC 6962', (t) => {
  // RFC 6962 2.1 with the empty leaf: SHA-256 of one zero byte, as in the test vectors of Certificate Transparency.
  t.is(leafHash(new Uint8Array(0)), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  t.is(leafHash(Buffer.from('leaf')), createHash('sha256').update('\0leaf').digest('hex'));
});

test('a log id is 26 characters of base32, whatever the random bytes', (t) => {
  t.is(
    mintLogId((count) => new Uint8Array(count)),
    'a'.repeat(26),
  );
  t.is(
    mintLogId((count) => new Uint8Array(count).fill(255)),
    '7'.repeat(26),
  );
});

test('an entry that cannot be a leaf changes nothing for those behind it', (t) => {
  const head = { size: 0, hash: NO_PREV, epoch: 1, edge: createTreeEdge() };
  const log = { id: place.log_id, clock: { nowMs: () => 1, monotonicNs: () => 2n } };
  const key = { kind: 'key', what: 'rotate', old_key: '', old_sig: '', new_key: '', new_sig: '' } as const;
  const entries = [{ ...key, new_key: 'k'.repeat(LIMITS.leafBytesMax) }, decision('r'), key, decision('r')];
  const { rows, places } = formBatch(
    entries.map((leafFields) => ({ leafFields }) as BatchEntry),
    head,
    log,
  );
  t.deepEqual(
    places.map((one) => (typeof one === 'number' ? one : one.code)),
    ['JIMINI_INVALID_ARGUMENT', 0, 1, 2],
  );
  t.deepEqual(
    rows.map(({ bytes }) => (JSON.parse(Buffer.from(bytes).toString()) as { epoch: number }).epoch),
    [1, 2, 2],
  );
});
