import { parseEnvelopeKey } from './envelope-key.js';
import { damagedKey } from './store-error.js';

/** Takes envelopes until they have `bytesMax` bytes, and says before which leaf that is; before `end` when there are no more. */
export async function pageOfEnvelopes(
  rows: AsyncIterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>,
  end: number,
  bytesMax: number,
): Promise<{ readonly end: number; readonly envelopes: ReadonlyMap<number, Uint8Array> }> {
  const envelopes = new Map<number, Uint8Array>();
  let bytes = 0;
  for await (const { key, value } of rows) {
    const seq = placeOf(key);
    envelopes.set(seq, value);
    bytes += value.length;
    if (bytes >= bytesMax) return { end: seq + 1, envelopes };
  }
  return { end, envelopes };
}

/** The leaf that a row lies beside. Throws `JIMINI_STORE_CORRUPT` when its key is none of this version. */
export function placeOf(key: Uint8Array): number {
  const seq = parseEnvelopeKey(key);
  if (seq === undefined) throw damagedKey();
  return seq;
}
