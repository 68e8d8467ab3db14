import type { ClassicLevel } from 'classic-level';

/** First bytes of the keys of a log (docs/log-format.md), in their order. */
const LETTERS = Array.from('eklptwx', (letter) => letter.charCodeAt(0));
const KEYS_PER_FETCH = 1_000;

/** How many rows there are whose first byte no row of a log has. Only their keys are read. */
export async function countUnknownRows(db: ClassicLevel<Uint8Array, Uint8Array>): Promise<number> {
  let count = 0;
  for (const [at, letter] of [...LETTERS, undefined].entries()) {
    const before = LETTERS[at - 1];
    const range = {
      ...(before !== undefined && { gte: Uint8Array.of(before + 1) }),
      ...(letter !== undefined && { lt: Uint8Array.of(letter) }),
    };
    const keys = db.keys({ ...range, fillCache: false });
    try {
      for (let some = await keys.nextv(KEYS_PER_FETCH); some.length > 0; some = await keys.nextv(KEYS_PER_FETCH)) {
        count += some.length;
      }
    } finally {
      await keys.close();
    }
  }
  return count;
}
