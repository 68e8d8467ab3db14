import { NONCE_BYTES } from '../../kernel/aead.js';
import type { Capture, Evaluation } from '../../kernel/evaluation.js';
import { type CapturedContent, type CaptureOrder, contentFieldOf } from '../../privacy/capture.js';
import { type Commitments, NO_COMMITMENTS, preparePayload } from '../../privacy/payload.js';
import { type EnvelopePlace, sealPayload } from './envelope.js';
import type { Holder } from './holder.js';
import type { Holders } from './holders.js';

/** What belongs to one record beside its leaf. */
export interface PreparedPayload {
  readonly commitments: Commitments;
  /** Gives the envelope once the record has its place; absent = there is nothing to seal. */
  readonly seal?: (place: EnvelopePlace) => Uint8Array;
}

/** Makes what records commit to, and what is sealed beside them. */
export interface Payloads {
  /** What is to be made of the content of an evaluation, where it is judged. */
  order(evaluation: Evaluation): CaptureOrder;
  /**
   * Prepares the payload of a record: at once when the key that seals it is there, else after it is durable. When it cannot be made durable there is
   * no payload; or, where one is required, it rejects with `JIMINI_KEYRING_UNAVAILABLE`, and the record must not be acknowledged.
   */
  prepare(
    evaluation: Evaluation,
    order: CaptureOrder,
    captured?: CapturedContent,
  ): PreparedPayload | Promise<PreparedPayload>;
}

export interface PayloadsOptions {
  readonly holders: Holders;
  /** Kept of the content where a route does not say otherwise. */
  readonly capture: Capture;
  /** Gives that many random bytes. */
  readonly random: (count: number) => Uint8Array;
  /** Whether a record without the payload that it should have must not be made. */
  readonly isRequired: boolean;
  /** A record is made without its payload, because no key could be made durable. */
  readonly onLeftOut: () => void;
}

const SEED_BYTES = 32;
const NOTHING: PreparedPayload = { commitments: NO_COMMITMENTS };

/** See `Payloads`. */
export function createPayloads({ holders, capture, random, isRequired, onLeftOut }: PayloadsOptions): Payloads {
  // What nobody could ever open would only show that it was there.
  const leaveOut = (error: unknown): PreparedPayload => {
    if (isRequired) throw error;
    onLeftOut();
    return NOTHING;
  };
  return {
    order: (evaluation) => ({
      seed: random(SEED_BYTES),
      field: contentFieldOf(evaluation.direction),
      capture: evaluation.capture ?? capture,
    }),
    prepare({ requestId, subject }, { seed }, content) {
      const prepared = preparePayload({ seed, requestId, subject, content });
      if (!prepared) return NOTHING;
      const { commitments, payload } = prepared;
      const sealedFor = (holder: Holder): PreparedPayload => {
        const plaintext = Buffer.from(JSON.stringify(payload));
        return { commitments, seal: (place) => sealPayload(plaintext, holder, random(NONCE_BYTES), place) };
      };
      const holder = holders.of(subject);
      return holder instanceof Promise ? holder.then(sealedFor, leaveOut) : sealedFor(holder);
    },
  };
}
