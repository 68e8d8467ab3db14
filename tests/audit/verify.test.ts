import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { entriesOfLines, entriesOfPairs } from '../../sidecar/audit/verify/sources.js';
import { type Entry, type RuleName, verifyEntries, verifyHead } from '../../sidecar/audit/verify/verify-entries.js';
import { canonicalJson } from '../../sidecar/kernel/canonical-json.js';
import { leafKey } from '../../sidecar/storage/leaf-key.js';
import { createFaultyStore } from '../storage/faulty-store.js';
import { attempt, openDoubleLog } from './double-log.js';

/** Six leaves as a log writes them: open, four decisions, close. */
async function sixLeaves(): Promise<string[]> {
  const store = createFaultyStore();
  const log = await openDoubleLog(store);
  for (const route of ['a', 'b', 'c', 'd']) await attempt(log, route);
  await log.close('shutdown');
  return store.disk.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
}

function asLines(leaves: readonly string[]): Buffer {
  return Buffer.from(leaves.map((leaf) => `${leaf}\n`).join(''));
}

async function verifyLines(bytes: Uint8Array) {
  async function* chunks() {
    yield bytes;
  }
  return verifyEntries(entriesOfLines(chunks()));
}

function hashOf(leaf: string): string {
  return createHash('sha256').update(`\0${leaf}`).digest('hex');
}

/** The leaves as an insider would write them who can compute hashes: changed at one place, and chained again. */
function chainedAgain(leaves: readonly string[], change: (leaf: string, seq: number) => string): string[] {
  let prev = '0'.repeat(64);
  return leaves.map((leaf, seq) => {
    const changed = change(leaf, seq).replace(/"prev":"[^"]*"/, `"prev":"${prev}"`);
    prev = hashOf(changed);
    return changed;
  });
}

test('a log as it was written holds', async (t) => {
  const leaves = await sixLeaves();
  const report = await verifyLines(asLines(leaves));
  t.like(report, { status: 'ok', entries: 6, last: { seq: 5, hash: hashOf(leaves[5] ?? ''), kind: 'close' } });
});

test('no leaves are nothing to verify', async (t) => {
  t.is((await verifyLines(new Uint8Array(0))).status, 'bad input');
});

const catches = test.macro({
  exec: async (t, rule: RuleName, seq: number, change: (leaves: string[]) => readonly string[] | Buffer) => {
    const changed = change(await sixLeaves());
    const report = await verifyLines(Buffer.isBuffer(changed) ? changed : asLines(changed));
    t.is(report.status, 'tampered');
    t.like(report.fault, { rule, seq });
    t.is(report.entries, seq);
  },
  title: (name = '') => `caught: ${name}`,
});

/** One leaf rewritten, and all hashes after it made right again. */
const rewritten = (seq: number, change: (leaf: string) => string) => (leaves: string[]) =>
  chainedAgain(leaves, (leaf, at) => (at === seq ? change(leaf) : leaf));
/** A field of leaf 2 with another JSON text as its value, and all hashes made right again. */
const field = (name: string, json: string) =>
  rewritten(2, (leaf) => leaf.replace(new RegExp(`"${name}":("[^"]*"|\\[[^\\]]*\\]|-?\\d+)`), `"${name}":${json}`));

/** Leaf 2 as a decision under a switch. */
const switchedLeaf = (leaves: string[], said: string, windows = '') =>
  rewritten(2, (leaf) => leaf.replace('"tenant"', `${said},"tenant"`).replace(/}$/, `${windows}}`))(leaves);

/** Leaf 2 as one of a kill switch, with what is left out or put in. */
const adminLeaf = (leaves: string[], left: string, put = '') =>
  chainedAgain(leaves, (leaf, seq) => {
    if (seq !== 2) return leaf;
    const { epoch, log_id, mono_ns, prev, time_ms, v } = JSON.parse(leaf);
    const place = { epoch, log_id, mono_ns, prev, seq, time_ms, v };
    const own = {
      digest: 'a'.repeat(64),
      event: 'begin',
      first_shown_ms: 1,
      name: 'bypass',
      op: 'kill_switch',
      until_ms: 2,
    };
    return canonicalJson({ kind: 'admin', ...own, ...place }).replace(left, put);
  });

test('a leaf of a switch holds', async (t) => {
  const leaves = await sixLeaves();
  t.is((await verifyLines(asLines(adminLeaf(leaves, '')))).status, 'ok');
  t.is((await verifyLines(asLines(switchedLeaf(leaves, '"switch":"maintenance"', ',"windows":["w"]')))).status, 'ok');
});
for (const [what, left, put] of [
  ['an event that is none', '"begin"', '"end"'],
  ['a mode that is none', '"bypass"', '"move"'],
  ['a digest that is none', 'aaa', 'aaA'],
  ['no end', ',"until_ms":2', ''],
  ['a beginning, which a kill switch has not', '"kind"', '"from_ms":1,"kind"'],
  ['no beginning, which a window has', '"kill_switch"', '"maintenance"'],
] as const) {
  test(`a leaf of a switch with ${what}`, catches, 'fields', 2, (leaves) => adminLeaf(leaves, left, put));
}

test('a leaf deleted', catches, 'seq', 2, (leaves) => leaves.toSpliced(2, 1));
test('the first leaf deleted', catches, 'seq', 0, (leaves) => leaves.slice(1));
test('a leaf doubled', catches, 'seq', 3, (leaves) => leaves.toSpliced(2, 0, leaves[2] ?? ''));
test('two leaves swapped', catches, 'seq', 2, (leaves) => leaves.with(2, leaves[3] ?? '').with(3, leaves[2] ?? ''));
test('the order reversed', catches, 'seq', 0, (leaves) => leaves.toReversed());
test('a leaf inserted', catches, 'seq', 3, (leaves) => leaves.toSpliced(3, 0, '{}').toSpliced(3, 1, leaves[4] ?? ''));
test('a leaf rewritten without its chain', catches, 'prev', 3, (leaves) =>
  leaves.with(2, leaves[2]?.replace('"effective":"BLOCK"', '"effective":"ALLOW"') ?? ''),
);
test('a wrong prev', catches, 'prev', 2, (leaves) =>
  leaves.with(2, leaves[2]?.replace(/"prev":"[^"]*"/, `"prev":"${'0'.repeat(64)}"`) ?? ''),
);
test('a prev in capitals', catches, 'prev', 2, (leaves) =>
  leaves.with(2, leaves[2]?.replace(/"prev":"[^"]*"/, (prev) => prev.toUpperCase().replace('PREV', 'prev')) ?? ''),
);
test('a leaf of another log', catches, 'log_id', 2, field('log_id', `"${'a'.repeat(26)}"`));
test('a log id that is none', catches, 'log_id', 0, (leaves) =>
  leaves.map((leaf) => leaf.replace(/"log_id":"./, '"log_id":"1')),
);
test('a wrong number', catches, 'seq', 2, field('seq', '3'));
test('an unknown version', catches, 'version', 2, field('v', '2'));
test('an unknown kind', catches, 'fields', 2, field('kind', '"erase"'));
test('a switch that is none', catches, 'fields', 2, (leaves) => switchedLeaf(leaves, '"switch":"off"'));
test('windows without maintenance', catches, 'fields', 2, (leaves) =>
  switchedLeaf(leaves, '"switch":"bypass"', ',"windows":["w"]'),
);
test('maintenance without windows', catches, 'fields', 2, (leaves) => switchedLeaf(leaves, '"switch":"maintenance"'));
test('a verdict that is none', catches, 'fields', 2, field('effective', '"PASS"'));
test('a count smaller than its list', catches, 'fields', 2, field('rule_count', '1'));
test(
  'a missing field',
  catches,
  'fields',
  2,
  rewritten(2, (leaf) => leaf.replace(/"tenant":"[^"]*",/, '')),
);
test('a first leaf of another kind', catches, 'first', 0, (leaves) =>
  chainedAgain([leaves[1] ?? ''], (leaf) => leaf.replace('"seq":1', '"seq":0')),
);
test(
  'an open leaf that states another size',
  catches,
  'fields',
  0,
  rewritten(0, (leaf) => leaf.replace('"recovered_size":0', '"recovered_size":9')),
);

test(
  'white space after a comma',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.replace(',', ', ')),
);
test(
  'white space at the end',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => `${leaf} `),
);
test(
  'a carriage return at the end of a line',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => `${leaf}\r`),
);
test(
  'names out of order',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.replace(/("direction":"[^"]*"),("door":"[^"]*")/, '$2,$1')),
);
test(
  'a name twice',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.replace('"door":', '"door":"cli","door":')),
);
test(
  'a name twice, once escaped',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.replace('"door":', '"door":"cli","d\\u006for":')),
);
test('a needless escape', catches, 'canonical', 2, field('tenant', '"\\u0061"'));
test('an escaped slash', catches, 'canonical', 2, field('tenant', '"a\\/b"'));
test('an escape in capitals', catches, 'canonical', 2, field('tenant', '"\\u001F"'));
test('a long escape for a newline', catches, 'canonical', 2, field('tenant', '"\\u000a"'));
test('a bare control character', catches, 'canonical', 2, field('tenant', '"\t"'));
test('an escaped lone surrogate', catches, 'canonical', 2, field('tenant', '"\\ud800"'));
test('an escaped pair of surrogates', catches, 'canonical', 2, field('tenant', '"\\ud83d\\ude00"'));
test('a fraction', catches, 'canonical', 2, field('time_ms', '1.0'));
test('an exponent', catches, 'canonical', 2, field('time_ms', '1e3'));
test('minus zero', catches, 'canonical', 2, field('time_ms', '-0'));
test('a leading zero', catches, 'canonical', 2, field('time_ms', '01'));
test('a plus sign', catches, 'canonical', 2, field('time_ms', '+1'));
test('an integer that is not safe', catches, 'canonical', 2, field('time_ms', '9007199254740992'));
test('an integer of a thousand digits', catches, 'canonical', 2, field('time_ms', '9'.repeat(1_000)));
test('null', catches, 'canonical', 2, field('tenant', 'null'));
test(
  'an array instead of an object',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => `[${leaf}]`),
);
test(
  'a comma before the end',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.replace(/}$/, ',}')),
);
test(
  'a leaf cut in the middle',
  catches,
  'canonical',
  2,
  rewritten(2, (leaf) => leaf.slice(0, 80)),
);
test('nesting without end', catches, 'canonical', 2, field('tenant', '['.repeat(2_000)));
test('a leaf that is too large', catches, 'size', 2, field('tenant', `"${'x'.repeat(9_000)}"`));
test('a line without end', catches, 'size', 6, (leaves) =>
  Buffer.concat([asLines(leaves), Buffer.alloc(3_000_000, 'x')]),
);
test('bytes that are not UTF-8', catches, 'utf-8', 5, (leaves) =>
  Buffer.concat([asLines(leaves.slice(0, 5)), Buffer.from('7b22ff227d0a', 'hex')]),
);
test('a surrogate encoded as UTF-8', catches, 'utf-8', 5, (leaves) =>
  Buffer.concat([asLines(leaves.slice(0, 5)), Buffer.from('7b22eda080227d0a', 'hex')]),
);
test('a byte order mark', catches, 'canonical', 0, (leaves) =>
  Buffer.concat([Buffer.from('efbbbf', 'hex'), asLines(leaves)]),
);
test('an empty line', catches, 'canonical', 3, (leaves) => leaves.toSpliced(3, 0, ''));
test('a last line without its newline', catches, 'canonical', 5, (leaves) => asLines(leaves).subarray(0, -1));

/** Leaf 2 as a decision that classifiers had a part in. */
const withAnswers = (json: string) => rewritten(2, (leaf) => leaf.replace('"direction"', () => `${json},"direction"`));
const ANSWER = '{"model":"m","name":"n","rule":"r","said":"yes"}';

test('answers of classifiers are read where there are any', async (t) => {
  const leaves = withAnswers(`"classifier_count":9,"classifiers":[${ANSWER},${ANSWER}]`)(await sixLeaves());
  t.is((await verifyLines(asLines(leaves))).status, 'ok');
});
for (const [name, json] of [
  ['answers of classifiers that are no list', `"classifier_count":1,"classifiers":${ANSWER}`],
  [
    'an answer that is neither yes, no nor failed',
    `"classifier_count":1,"classifiers":[${ANSWER.replace('yes', 'maybe')}]`,
  ],
  ['an answer without a rule', `"classifier_count":1,"classifiers":[${ANSWER.replace('"rule":"r",', '')}]`],
  ['an answer that is a text', '"classifier_count":1,"classifiers":["yes"]'],
  ['too many answers', `"classifier_count":9,"classifiers":[${Array(9).fill(ANSWER).join(',')}]`],
  ['more answers than were counted', `"classifier_count":1,"classifiers":[${ANSWER},${ANSWER}]`],
  ['answers without a count', `"classifiers":[${ANSWER}]`],
  ['a count without answers', '"classifier_count":1'],
] as const) {
  test(name, catches, 'fields', 2, withAnswers(json));
}

test('unknown names are hashed and otherwise ignored', async (t) => {
  const leaves = chainedAgain(await sixLeaves(), (leaf) => leaf.replace(/}$/, ',"zzz":{"a":[true,{"__proto__":-5}]}}'));
  t.is((await verifyLines(asLines(leaves))).status, 'ok');
});

test('a tail that was cut off cannot be noticed, and an unclean end is no fault', async (t) => {
  const leaves = await sixLeaves();
  t.like(await verifyLines(asLines(leaves.slice(0, 4))), { status: 'ok', entries: 4, last: { kind: 'decision' } });
});

test('every single flipped bit of an export is caught', async (t) => {
  const leaves = await sixLeaves();
  const bytes = asLines(leaves);
  const intact = await verifyLines(bytes);
  const head = Buffer.from(`{"hash":"${intact.last?.hash}","log_id":"${intact.logId}","size":6}\n`);
  t.is(verifyHead(intact, head).status, 'ok');
  const missed: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (verifyHead(await verifyLines(bytes), head).status !== 'tampered') missed.push(bit);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  t.deepEqual(missed, []);
  for (let bit = 0; bit < head.length * 8; bit += 1) {
    const flipped = Buffer.from(head);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    t.is(verifyHead(intact, flipped).status, 'tampered');
  }
});

test('every single flipped bit of a database is caught, that of the last leaf included', async (t) => {
  const leaves = (await sixLeaves()).map((leaf, seq) => ({
    key: leafKey(seq, hashOf(leaf)),
    value: Buffer.from(leaf),
  }));
  const verifyPairs = () => {
    async function* pairs() {
      yield* leaves;
    }
    return verifyEntries(entriesOfPairs(pairs()));
  };
  t.is((await verifyPairs()).status, 'ok');
  for (const part of leaves.slice(-2).flatMap(({ key, value }) => [key, value])) {
    for (let bit = 0; bit < part.length * 8; bit += 1) {
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      t.is((await verifyPairs()).status, 'tampered', `bit ${bit}`);
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
});

test('a foreign key among the leaves is caught', async (t) => {
  const [first = ''] = await sixLeaves();
  const { seq, ...entry }: Entry = { seq: 0, bytes: Buffer.from(first) };
  t.is((await verifyEntries([{ seq, ...entry }])).status, 'ok');
  t.is(
    (
      await verifyEntries([
        { seq, ...entry },
        { ...entry, seq: undefined },
      ])
    ).fault?.rule,
    'key',
  );
  t.is(
    (
      await verifyEntries([
        { seq, ...entry },
        { seq, ...entry },
      ])
    ).fault?.rule,
    'seq',
  );
});

test('whatever the bytes are, the verifier gives a report', async (t) => {
  const leaves = await sixLeaves();
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...leaves, '\n', '{', '"v":1').map((text) => Buffer.from(text)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const { status } = await verifyLines(Buffer.concat(parts));
      return ['ok', 'tampered', 'bad input'].includes(status);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('lines are the same however the file is read', async (t) => {
  const bytes = asLines(await sixLeaves());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 20, maxLength: 40 }), async (sizes) => {
      async function* chunks() {
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          yield bytes.subarray(at, at + size);
          at += size;
        }
      }
      return (await verifyEntries(entriesOfLines(chunks()))).status === 'ok';
    }),
    { numRuns: 100 },
  );
  t.pass();
});

test('the verifier shares no code with the writer', (t) => {
  const root = join(fileURLToPath(import.meta.url), '../../../..');
  const folder = join(root, 'sidecar/audit/verify');
  const imports = readdirSync(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? ''),
  );
  t.deepEqual(new Set(imports.filter((name) => !/^\.\/[a-z-]+\.js$/.test(name))), new Set(['node:crypto']));
});
