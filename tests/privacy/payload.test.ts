import test from 'ava';
import fc from 'fast-check';
import { documentSpans, type Mark } from '../../sidecar/privacy/document.js';
import { type Capture, type Payload, preparePayload } from '../../sidecar/privacy/payload.js';
import { type PayloadView, type Redaction, viewHolds, viewOf } from '../../sidecar/privacy/view.js';

const seed = Buffer.alloc(32, 7);
const CAPTURES: readonly Capture[] = ['none', 'findings', 'findings-verbatim', 'full'];
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

function prepare(capture: Capture, subject = 'user-4711') {
  const text = `${'x'.repeat(100)} my number is 4111 1111 1111 1111, thanks ${'y'.repeat(100)}`;
  const start = text.indexOf('4111');
  const spans = documentSpans([text, 'short'], [{ text: 0, start, end: start + 19 }]);
  const findings = [{ pack: 'pci', rule: 'PAN', pointer: '/messages/0/content', start, end: start + 19 }];
  const content = { field: 'req' as const, findings, spans };
  return preparePayload({ seed, requestId: 'r-1', subject, content, capture });
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

test('what is not there is committed to by an empty string', (t) => {
  const { commitments } = preparePayload({ seed, requestId: '', subject: '', content: undefined, capture: 'full' });
  t.deepEqual(commitments, { c_request_id: '', c_req: '', c_resp: '', c_subj: '' });
  t.is(prepare('full', '').commitments.c_subj, '');
});
