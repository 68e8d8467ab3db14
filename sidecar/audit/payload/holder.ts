import { type HmacKey, hkdfExpand, hkdfExtract } from '../../kernel/hmac.js';

/** UTC day, `YYYY-MM-DD`. */
export const DAY_CHARS = 10;
export const TAG_BYTES = 8;

/** Who can open a payload: whoever has the key of its day and, where the record is about a person, that person's key too. */
export interface Holder {
  readonly day: string;
  /**
   * Tells the envelopes of one person and one day from all others; 8 bytes, absent for the key of the day alone. It follows from
   * both keys: with one of them gone nobody can find out whose it was, and those of two days have nothing in common.
   */
  readonly tag?: Uint8Array;
  /** HKDF-Extract of the keys. */
  readonly key: HmacKey;
}

/** The holder of records about nobody known. */
export function dayHolder(day: string, dayKey: Uint8Array): Holder {
  return { day, key: hkdfExtract(dayKey) };
}

/** The holder of records about a person: destroying either key destroys them. */
export function subjectHolder(day: string, dayKey: Uint8Array, subjectKey: Uint8Array): Holder {
  const key = hkdfExtract(Buffer.concat([subjectKey, dayKey]));
  return { day, tag: hkdfExpand(key, TAG_INFO).subarray(0, TAG_BYTES), key };
}

const TAG_INFO = Buffer.from('jimini/holder/v1', 'ascii');
