import { type CanonicalValue, canonicalJson } from '../kernel/canonical-json.js';
import { type CommittedField, commitmentOf, commitmentOfHashes, spanHash, spanNonce } from './commitment.js';
import type { DocumentSpan, SpanKind } from './document.js';

/**
 * How much of the content is kept, sealed and erasable, beside the record: nothing; what stands near a match; that and the
 * match; all of it.
 */
export type Capture = 'none' | 'findings' | 'findings-verbatim' | 'full';

/** What one record is about, and must not hold itself. */
export interface PayloadInput {
  /** 32 fresh random bytes. */
  readonly seed: Uint8Array;
  /** Of the caller; empty = none. */
  readonly requestId: string;
  /** The person; empty = nobody known. */
  readonly subject: string;
  readonly content: ContentInput | undefined;
  readonly capture: Capture;
}

/** The content that was judged. */
export interface ContentInput {
  readonly field: 'req' | 'resp';
  /** Where rules matched: bounded, in canonical form, without matched text. */
  readonly findings: CanonicalValue;
  readonly spans: readonly DocumentSpan[];
}

/** What the leaf says: 64 hex digits, or empty where there was nothing to commit to. */
export interface Commitments {
  readonly c_request_id: string;
  readonly c_req: string;
  readonly c_resp: string;
  readonly c_subj: string;
}

/** A span as a payload or a view of it tells it: its bytes, or only their hash. */
export type ToldSpan =
  | { readonly kind: SpanKind; readonly text: string }
  | { readonly kind: SpanKind; readonly hash: string; readonly length: number };

/** What is sealed. Its findings are the first span of its field, as text, so that the leaf commits to them too. */
export interface Payload {
  readonly v: 1;
  /** Hex. */
  readonly seed: string;
  readonly request_id: string;
  readonly subject: string;
  readonly content?: { readonly field: 'req' | 'resp'; readonly findings: string; readonly spans: readonly ToldSpan[] };
}

const NONE: Commitments = { c_request_id: '', c_req: '', c_resp: '', c_subj: '' };

/** The commitments of a record, and the payload that can open them as far as `capture` allows. */
export function preparePayload(input: PayloadInput): { commitments: Commitments; payload: Payload } {
  const { seed, content } = input;
  const requestId = input.requestId.toWellFormed();
  const subject = input.subject.toWellFormed();
  const prepared = content && prepareContent(content, input);
  return {
    commitments: {
      ...NONE,
      ...(requestId !== '' && { c_request_id: commitmentOf('request_id', [Buffer.from(requestId)], seed) }),
      ...(subject !== '' && { c_subj: commitmentOf('subj', [Buffer.from(subject)], seed) }),
      ...(prepared && { [`c_${prepared.told.field}`]: prepared.commitment }),
    },
    payload: {
      v: 1,
      seed: Buffer.from(seed).toString('hex'),
      request_id: requestId,
      subject,
      ...(prepared && { content: prepared.told }),
    },
  };
}

function prepareContent({ field, findings, spans }: ContentInput, { seed, capture }: PayloadInput) {
  const findingsText = canonicalJson(findings);
  const hashes = [hashOf(seed, field, 0, Buffer.from(findingsText))];
  const told: ToldSpan[] = [];
  for (const { kind, bytes } of spans) {
    const hash = hashOf(seed, field, hashes.length, bytes);
    hashes.push(hash);
    told.push(
      isKept(kind, capture)
        ? { kind, text: Buffer.from(bytes).toString('utf8') }
        : { kind, hash: hash.toString('hex'), length: bytes.length },
    );
  }
  return { commitment: commitmentOfHashes(field, hashes), told: { field, findings: findingsText, spans: told } };
}

function hashOf(seed: Uint8Array, field: CommittedField, index: number, bytes: Uint8Array): Buffer {
  return spanHash(field, spanNonce(seed, field, index), bytes);
}

function isKept(kind: SpanKind, capture: Capture): boolean {
  switch (capture) {
    case 'none':
      return false;
    case 'findings':
      return kind === 'near';
    case 'findings-verbatim':
      return kind !== 'plain';
    case 'full':
      return true;
  }
}
