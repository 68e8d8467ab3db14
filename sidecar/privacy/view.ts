import { assertNever } from '../kernel/assert-never.js';
import type { ToldSpan } from './capture.js';
import { type CommittedField, commitmentOfHashes, spanHash, spanNonce, spanSeed } from './commitment.js';
import type { Commitments, Payload } from './payload.js';

/** How much a reader may see: `none` = all that is kept, `partial` = all but the subject and what rules matched, `full` = nothing. */
export type Redaction = 'none' | 'partial' | 'full';

/** A span that is opened, with the nonce (hex) that proves it, or only its hash (hex). */
export type ViewSpan = { readonly nonce: string; readonly text: string } | { readonly hash: string };

/** What a reader is given of one record's payload: for each field that the leaf commits to, its spans. */
export type PayloadView = Readonly<Partial<Record<CommittedField, readonly ViewSpan[]>>>;

/** A view of a payload. The seed stays behind: it would open every span. */
export function viewOf(payload: Payload, redaction: Redaction): PayloadView {
  const seed = spanSeed(Buffer.from(payload.seed, 'hex'));
  const told = (field: CommittedField, index: number, text: string, isOpen: boolean): ViewSpan => {
    const nonce = spanNonce(seed, field, index);
    return isOpen
      ? { nonce: nonce.toString('hex'), text }
      : { hash: spanHash(field, nonce, Buffer.from(text)).toString('hex') };
  };
  const { request_id: requestId, subject, content } = payload;
  return {
    ...(requestId !== '' && { request_id: [told('request_id', 0, requestId, redaction !== 'full')] }),
    ...(subject !== '' && { subj: [told('subj', 0, subject, redaction === 'none')] }),
    ...(content && {
      [content.field]: [
        told(content.field, 0, content.findings, redaction !== 'full'),
        ...content.spans.map((span, index) =>
          'hash' in span ? { hash: span.hash } : told(content.field, index + 1, span.text, isOpen(span, redaction)),
        ),
      ],
    }),
  };
}

/** Whether a view is one of the payload that a leaf commits to, whatever it withholds. The same check for every redaction. */
export function viewHolds(view: PayloadView, commitments: Commitments): boolean {
  return FIELDS.every((field) => {
    const spans = view[field];
    return (
      (spans
        ? commitmentOfHashes(
            field,
            spans.map((span) => hashOf(field, span)),
          )
        : '') === commitments[`c_${field}`]
    );
  });
}

const FIELDS: readonly CommittedField[] = ['request_id', 'req', 'resp', 'subj'];

function hashOf(field: CommittedField, span: ViewSpan): Buffer {
  if ('hash' in span) return Buffer.from(span.hash, 'hex');
  return spanHash(field, Buffer.from(span.nonce, 'hex'), Buffer.from(span.text));
}

function isOpen(span: ToldSpan, redaction: Redaction): boolean {
  switch (redaction) {
    case 'none':
      return true;
    case 'partial':
      return span.kind !== 'match';
    case 'full':
      return false;
    default:
      return assertNever(redaction);
  }
}
