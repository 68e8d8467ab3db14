import type { Subject } from '../kernel/evaluation.js';
import type { CapturedContent, ToldContent } from './capture.js';
import { commitmentOf, spanSeed } from './commitment.js';

/** What one record is about, and must not hold itself. */
export interface PayloadInput {
  /** 32 fresh random bytes, those that the content was captured with. */
  readonly seed: Uint8Array;
  /** Of the caller; empty = none. */
  readonly requestId: string;
  /** Absent = nobody known. */
  readonly subject?: Subject | undefined;
  /** Absent = there was no text. */
  readonly content?: CapturedContent | undefined;
}

/** What the leaf says: 64 hex digits, or empty where there was nothing to commit to. */
export interface Commitments {
  readonly c_request_id: string;
  readonly c_req: string;
  readonly c_resp: string;
  readonly c_subj: string;
}

/** What is sealed. */
export interface Payload {
  readonly v: 1;
  /** Hex. */
  readonly seed: string;
  /** Empty = none. */
  readonly request_id: string;
  /** Empty = nobody known. */
  readonly subject: string;
  /** Who says so: the proxy (`verified`) or the caller (`asserted`). Absent = nobody known. */
  readonly subject_by?: 'verified' | 'asserted';
  readonly content?: ToldContent;
}

/** Nothing to commit to. */
export const NO_COMMITMENTS: Commitments = { c_request_id: '', c_req: '', c_resp: '', c_subj: '' };

/** The commitments of a record, and the payload that can open them. Undefined when there is nothing to commit to. Pure. */
export function preparePayload(input: PayloadInput): { commitments: Commitments; payload: Payload } | undefined {
  const requestId = input.requestId.toWellFormed();
  const subject = input.subject?.id.toWellFormed() ?? '';
  const { content } = input;
  if (requestId === '' && subject === '' && !content) return undefined;
  const seed = spanSeed(input.seed);
  const ofText = (field: 'request_id' | 'subj', text: string) =>
    text === '' ? '' : commitmentOf(field, [Buffer.from(text)], seed);
  return {
    commitments: {
      c_request_id: ofText('request_id', requestId),
      c_req: content?.told.field === 'req' ? content.commitment : '',
      c_resp: content?.told.field === 'resp' ? content.commitment : '',
      c_subj: ofText('subj', subject),
    },
    payload: {
      v: 1,
      seed: Buffer.from(input.seed).toString('hex'),
      request_id: requestId,
      subject,
      ...(input.subject && subject !== '' && { subject_by: input.subject.isVerified ? 'verified' : 'asserted' }),
      ...(content && { content: content.told }),
    },
  };
}
