import test from 'ava';
import fc from 'fast-check';
import { CAPTURES, type Capture, type Mark } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { captureContent, type JudgedContent } from '../../sidecar/privacy/capture.js';
import { documentSpans } from '../../sidecar/privacy/document.js';
import { type Commitments, type Payload, preparePayload } from '../../sidecar/privacy/payload.js';
import { type PayloadView, type Redaction, viewHolds, viewOf } from '../../sidecar/privacy/view.js';

const seed = Buffer.alloc(32, 7);
const REDACTIONS: readonly Redaction[] = ['none', 'partial', 'full'];

const documentText = (spans: readonly { readonly bytes: Uint8Array }[]) =>
  Buffer.concat(spans.map(({ bytes }) => bytes)).toString('utf8');
const framed = (texts: readonly string[]) =>
  texts.map((text) => `${Buffer.byteLength(text)}:${text.toWellFormed()}`).join('');

/** Texts with characters outside the basic plane, halves of such, and marks that may overlap, touch, and split them. */
const texts = fc.array(
  fc.string({ unit: fc.oneof(fc.constantFrom('a', 'é', '😀', '\ud83d'), fc.string({ maxLength: 90 })) }),
  {
    maxLength: 4,
  },
);
const marked = texts.chain((list) =>
  fc.record({
    list: fc.constant(list),
    marks: fc.array(
      fc
        .nat(Math.max(0, list.length - 1))
        .chain((text) =>
          fc
            .tuple(fc.nat(list[text]?.length ?? 0), fc.nat(list[text]?.length ?? 0))
            .map(([a, b]): Mark => ({ text, start: Math.min(a, b), end: Math.max(a, b) })),
        ),
      { maxLength: 5 },
    ),
  }),
);

test('the spans of a document, put together, are its texts, and every marked unit lies in a match', (t) => {
  fc.assert(
    fc.property(marked, ({ list, marks }) => {
      const usable = list.length === 0 ? [] : marks;
      const spans = documentSpans(list, usable);
      t.is(documentText(spans), framed(list));
      t.true(spans.every(({ bytes }) => bytes.length > 0));
      const open = documentText(
        spans.map((span) => (span.kind === 'match' ? { bytes: Buffer.alloc(span.bytes.length) } : span)),
      );
      for (const { text, start, end } of usable) {
        const before = framed(list.slice(0, text)).length + `${Buffer.byteLength(list[text] as string)}:`.length;
        const isHidden = Buffer.from(framed(list).slice(0, before), 'utf8');
        const from = isHidden.length + Buffer.byteLength((list[text] as string).slice(0, start));
        const to = isHidden.length + Buffer.byteLength((list[text] as string).slice(0, end));
        t.true(
          Buffer.from(open, 'utf8')
            .subarray(from, to)
            .every((byte) => byte === 0),
        );
      }
    }),
    { numRuns: 300 },
  );
});

const NUMBER = '4111 1111 1111 1111';
const FINDING = {
  ruleId: 'PAN',
  pack: 'pci',
  packDigest: 'd',
  pointer: '/messages/0/content',
  validator: 'luhn',
  score: 0.95,
};

function judged(): JudgedContent {
  const text = `${'x'.repeat(100)} my number is ${NUMBER}, thanks ${'y'.repeat(100)}`;
  const start = text.indexOf(NUMBER);
  const end = start + NUMBER.length;
  return { texts: [text, 'short'], marks: [{ text: 0, start, end }], findings: [{ ...FINDING, start, end }] };
}

interface Prepared {
  readonly commitments: Commitments;
  readonly payload: Payload;
}

function prepare(capture: Capture, subject = 'user-4711', content = judged()): Prepared {
  const captured = captureContent(content, { seed, field: 'req', capture });
  const about = subject === '' ? undefined : { id: subject, isVerified: true };
  return preparePayload({ seed, requestId: 'r-1', subject: about, content: captured }) as Prepared;
}

for (const capture of CAPTURES) {
  for (const redaction of REDACTIONS) {
    test(`what capture ${capture} keeps proves itself under redaction ${redaction}`, (t) => {
      const { commitments, payload } = prepare(capture);
      const view = viewOf(JSON.parse(JSON.stringify(payload)) as Payload, redaction);
      t.true(viewHolds(view, commitments));
      t.false(JSON.stringify(view).includes(payload.seed));
    });
  }
}

test('commitments do not depend on what is captured', (t) => {
  const all = CAPTURES.map((capture) => prepare(capture).commitments);
  for (const commitments of all) t.deepEqual(commitments, all[0]);
});

test('a payload keeps what its capture says and no more', (t) => {
  const kept = (capture: Capture) => JSON.stringify(prepare(capture).payload);
  t.notRegex(kept('none'), /4111|my number|thanks|short|xxx/);
  t.regex(kept('findings'), /my number is/);
  t.notRegex(kept('findings'), /4111|short|x{70}/);
  t.regex(kept('findings-verbatim'), /4111 1111/);
  t.notRegex(kept('findings-verbatim'), /short|x{70}/);
  t.regex(kept('full'), /:x{50}"},.*"x{50} my number is ".*4111 1111 1111 1111.*", thanks y{55}"},.*y{45}5:short/);
});

test('a redacted view tells neither the subject nor what matched', (t) => {
  const { payload } = prepare('full');
  t.regex(JSON.stringify(viewOf(payload, 'none')), /user-4711/);
  t.regex(JSON.stringify(viewOf(payload, 'none')), /4111 1111/);
  t.notRegex(JSON.stringify(viewOf(payload, 'partial')), /user-4711|4111 1111/);
  t.regex(JSON.stringify(viewOf(payload, 'partial')), /r-1/);
  t.notRegex(JSON.stringify(viewOf(payload, 'full')), /user-4711|4111|my number|r-1|PAN/);
});

test('any change of a view is found', (t) => {
  const { commitments, payload } = prepare('full');
  const view = viewOf(payload, 'partial');
  const req = view.req ?? [];
  const changed: Record<string, PayloadView> = {
    'a letter': {
      ...view,
      req: req.map((span, i) => ('text' in span && i === 1 ? { ...span, text: `${span.text}.` } : span)),
    },
    'a span less': { ...view, req: req.slice(0, -1) },
    'a span twice': { ...view, req: [...req, ...req.slice(-1)] },
    'two spans swapped': { ...view, req: [...req.slice(0, 1), ...req.slice(1).reverse()] },
    'another field': { ...view, req: undefined as never, resp: req },
    'no request id': { req, ...(view.subj && { subj: view.subj }) },
    'a field that the leaf does not know': { ...view, resp: [] },
  };
  for (const [title, one] of Object.entries(changed)) t.false(viewHolds(one, commitments), title);
});

test('what is not there is committed to by an empty string, and nothing at all needs no payload', (t) => {
  t.is(prepare('full', '').commitments.c_subj, '');
  const order = { seed, field: 'resp', capture: 'full' } as const;
  t.is(captureContent({ texts: [], marks: [], findings: [] }, order), undefined);
  t.is(preparePayload({ seed, requestId: '' }), undefined);
  const { commitments, payload } = preparePayload({ seed, requestId: 'r-1' }) as Prepared;
  t.like(commitments, { c_req: '', c_resp: '', c_subj: '' });
  t.deepEqual(Object.keys(payload), ['v', 'seed', 'request_id', 'subject']);
});

test('lone surrogates, in texts, ids and names of members, are committed to as U+FFFD', (t) => {
  const findings = [{ ...FINDING, pointer: '/\ud800', start: 0, end: 1 }];
  const content = { texts: ['a\ud83d', '\ude00b'], marks: [{ text: 0, start: 0, end: 1 }], findings };
  const { commitments, payload } = prepare('full', '\ud83d', content);
  t.true(viewHolds(viewOf(JSON.parse(JSON.stringify(payload)) as Payload, 'none'), commitments));
});

test('text that has no room is committed to by its hash, and what else has room is told', (t) => {
  const long = 'z'.repeat(LIMITS.capturedBytesMax);
  const texts = [long, `${'x'.repeat(100)}${NUMBER}`];
  const marks = [{ text: 1, start: 100, end: 100 + NUMBER.length }];
  const { commitments, payload } = prepare('full', 'user', { texts, marks, findings: [] });
  const told = payload.content?.spans.map((span) => [span.kind, 'text' in span ? span.text.length : -span.length]);
  const plain = `${long.length}:`.length + long.length + '119:'.length + 100 - 64;
  t.deepEqual(told, [
    ['plain', -plain],
    ['near', 64],
    ['match', NUMBER.length],
  ]);
  t.true(viewHolds(viewOf(payload, 'none'), commitments));
});

test('a payload tells of many findings the first ones only', (t) => {
  const findings = Array.from({ length: 256 }, (_, start) => ({ ...FINDING, start, end: start + 1 }));
  const { commitments, payload } = prepare('none', '', { texts: ['x'], marks: [], findings });
  t.is(JSON.parse(payload.content?.findings ?? '').length, LIMITS.capturedFindingsMax);
  t.true(viewHolds(viewOf(payload, 'none'), commitments));
});

test('however many matches there are, a document has some thousand spans at most', (t) => {
  const texts = Array.from({ length: 5_000 }, () => `${'x'.repeat(200)}4111${'y'.repeat(200)}`);
  const marks = texts.map((_, text) => ({ text, start: 200, end: 204 }));
  const spans = documentSpans(texts, marks);
  t.is(documentText(spans), framed(texts));
  t.true(spans.length < 1_200);
  t.is(spans.at(-1)?.kind, 'match');
  t.notRegex(documentText(spans.filter(({ kind }) => kind !== 'match')), /4111/);
});
