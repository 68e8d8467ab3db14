import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { inspect } from '../../sidecar/inspection/inspect.js';
import { createInspector } from '../../sidecar/inspection/inspector.js';
import type { Content } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { bodyOf, evaluationOf, snapshotFor } from './snapshot.js';

test('a large body is judged in the worker exactly as a small one is judged inline', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const small = await inspector.inspect(evaluationOf(bodyOf('an apple', 10)), 0);
  const large = await inspector.inspect(evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax)), 0);
  t.is(small.effective, 'BLOCK');
  t.deepEqual(large.matched, small.matched);
  t.deepEqual(large.findings, small.findings);
  t.is(large.policyRevision, small.policyRevision);
  t.is(large.textLength, small.textLength + LIMITS.inlineBodyBytesMax - 10);
  await inspector.close();
});

test('a small body that takes much work is judged in the worker, with the whole budget', async (t) => {
  const inspector = createInspector(snapshotFor('(?:.{0,200}x){5}y'));
  const text = 'abx'.repeat(2000);
  const inline = inspect(snapshotFor('(?:.{0,200}x){5}y'), {
    evaluation: evaluationOf({ kind: 'text', text }),
    nowMs: 0,
    workMax: LIMITS.inlineWorkMax,
  });
  t.deepEqual(inline.gaps, [{ kind: 'engine:budget' }]);
  const judgement = await inspector.inspect(evaluationOf({ kind: 'text', text }), 0);
  t.deepEqual([judgement.effective, judgement.gaps], ['ALLOW', []]);
  await inspector.close();
});

test('a large body is masked in the worker exactly as a small one is masked inline', async (t) => {
  const inspector = createInspector(snapshotFor('apple', 'mask'));
  const small = await inspector.inspect(evaluationOf(bodyOf('an apple', 10)), 0);
  const large = await inspector.inspect(evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax)), 0);
  t.regex(small.maskedText ?? '', /"an \[WORD:[a-p]{12}\] x{10}"/);
  t.is(large.maskedText?.replace(/x{2,}/, ''), small.maskedText?.replace(/x{2,}/, ''));
  await inspector.close();
});

for (const action of ['block', 'mask', 'allow']) {
  test(`what is captured of a large body in the worker is what would be captured here: ${action}`, async (t) => {
    const snapshot = snapshotFor('apple', action);
    const inspector = createInspector(snapshot);
    const evaluation = evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax));
    const order = { seed: Buffer.alloc(64, 7).subarray(32), field: 'req', capture: 'full' } as const;
    const { captured, ...judgement } = await inspector.inspect(evaluation, 0, order);
    t.deepEqual(captured, inspect(snapshot, { evaluation, nowMs: 0, order }).captured);
    t.false('marks' in judgement);
    const kinds = captured?.told.spans.map((span) => ('text' in span && span.kind === 'match' ? span.text : span.kind));
    const cut = ['near', 'apple', 'near', 'plain'];
    t.deepEqual(kinds, action === 'allow' ? ['plain'] : ['plain', ...cut]);
    t.is((await inspector.inspect(evaluation, 0)).captured, undefined, 'nobody asked');
    await inspector.close();
  });
}

test('of content that nobody could read, or that was lost, nothing is captured', async (t) => {
  const order = { seed: Buffer.alloc(32), field: 'req', capture: 'full' } as const;
  const inspector = createInspector(snapshotFor('apple'));
  const unread: Content = {
    kind: 'body',
    bytes: Buffer.of(0xff, 0),
    contentType: 'application/x',
    contentEncoding: '',
  };
  t.is((await inspector.inspect(evaluationOf(unread), 0, order)).captured, undefined);
  await inspector.close();
  const lost = await inspector.inspect(evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax)), 0, order);
  t.deepEqual([lost.gaps, lost.captured], [[{ kind: 'engine:error' }], undefined]);
});

test('the caller keeps its bytes when a body goes to the worker', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const body = bodyOf('an apple', LIMITS.inlineBodyBytesMax);
  await inspector.inspect(evaluationOf(body), 0);
  t.true(body.kind === 'body' && Buffer.from(body.bytes).toString().includes('an apple'));
  await inspector.close();
});

test('a body that is given away goes to the worker with the memory it lies in, and nothing of it stays', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const text = `an apple ${'x'.repeat(LIMITS.inlineBodyBytesMax)}`;
  const type = { contentType: 'text/plain', contentEncoding: '', isGivenAway: true } as const;
  const own = new TextEncoder().encode(text);
  // A piece of the memory that Node shares out among small buffers, which it gives to no other thread.
  const shared = Buffer.from(text);
  for (const bytes of [own, shared]) {
    const { matched } = await inspector.inspect(evaluationOf({ kind: 'body', bytes, ...type }), 0);
    t.is(matched.length, 1);
  }
  t.deepEqual([own.length, shared.length], [0, text.length]);
  await inspector.close();
});

test('many large bodies at once each get their own answer', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const texts = ['an apple', 'a pear', 'one apple', 'no fruit'];
  const judgements = await Promise.all(
    texts.map((text) => inspector.inspect(evaluationOf(bodyOf(text, LIMITS.inlineBodyBytesMax)), 0)),
  );
  t.deepEqual(
    judgements.map((judgement) => judgement.effective),
    ['BLOCK', 'ALLOW', 'BLOCK', 'ALLOW'],
  );
  await inspector.close();
});

test('another policy is in force at once, and evaluations that have begun end under the one they began with', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const usePear = await inspector.prepare(snapshotFor('pear'));
  const begun = inspector.inspect(evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax)), 0);
  t.is((await inspector.inspect(evaluationOf({ kind: 'text', text: 'an apple' }), 0)).effective, 'BLOCK');
  usePear();
  const large = inspector.inspect(evaluationOf(bodyOf('a pear', LIMITS.inlineBodyBytesMax)), 0);
  t.is((await inspector.inspect(evaluationOf({ kind: 'text', text: 'a pear' }), 0)).effective, 'BLOCK');
  t.is((await inspector.inspect(evaluationOf({ kind: 'text', text: 'an apple' }), 0)).effective, 'ALLOW');
  t.is((await begun).effective, 'BLOCK');
  t.is((await large).effective, 'BLOCK');
  await inspector.close();
});

test('a policy that is prepared while the inspector closes leaves no thread behind', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const preparing = inspector.prepare(snapshotFor('pear'));
  await inspector.close();
  const [usePear, useFig] = await Promise.all([preparing, inspector.prepare(snapshotFor('fig'))]);
  for (const use of [usePear, useFig]) {
    use();
    const judgement = await inspector.inspect(evaluationOf(bodyOf('a pear', LIMITS.inlineBodyBytesMax)), 0);
    t.deepEqual(judgement.gaps, [{ kind: 'engine:error' }]);
  }
});

test('a policy whose thread cannot start comes into force all the same', async (t) => {
  const inspector = createInspector(snapshotFor('apple'));
  const source = { name: 'words', file: 'words.yaml', text: null as unknown as string };
  const use = await inspector.prepare({ ...snapshotFor('pear'), sources: [source] });
  use();
  t.is((await inspector.inspect(evaluationOf({ kind: 'text', text: 'a pear' }), 0)).effective, 'BLOCK');
  await inspector.close();
});

/** Niceness of each thread of this process: field 19 of its stat (proc_pid_stat(5)), counted from behind the name. */
function nicenesses(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

test.serial('the thread of large bodies gives way to the one that answers', async (t) => {
  const before = nicenesses();
  const inspector = createInspector(snapshotFor('apple'));
  await inspector.inspect(evaluationOf(bodyOf('an apple', LIMITS.inlineBodyBytesMax)), 0);
  const own = getPriority();
  const added = nicenesses().filter((niceness) => niceness > own);
  // Nothing gives way more than the lowest, which the tests themselves may have.
  const more = own < constants.priority.PRIORITY_LOW ? 1 : 0;
  t.is(added.length, before.filter((niceness) => niceness > own).length + more);
  await inspector.close();
});

test('a worker that cannot start gives engine:error instead of no answer, and so does a small body that unpacks to a large one', async (t) => {
  const snapshot = snapshotFor('apple');
  const broken = { ...snapshot, sources: [{ name: 'words', file: 'words.yaml', text: null as unknown as string }] };
  const inspector = createInspector(broken);
  const coded = {
    ...bodyOf('', 0),
    bytes: gzipSync(JSON.stringify(['x'.repeat(LIMITS.inlineBodyBytesMax)])),
    contentEncoding: 'gzip',
  } as Content;
  for (const content of [bodyOf('an apple', LIMITS.inlineBodyBytesMax), coded]) {
    const judgement = await inspector.inspect(evaluationOf(content), 0);
    t.is(judgement.effective, 'BLOCK');
    t.deepEqual(judgement.gaps, [{ kind: 'engine:error' }]);
    t.is(judgement.fault?.cause, 'JIMINI_INTERNAL');
  }
  await inspector.close();
});
