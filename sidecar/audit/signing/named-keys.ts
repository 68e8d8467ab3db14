import { JiminiError } from '../../kernel/errors.js';
import { leafHash } from '../leaf-hash.js';
import type { LogPages } from '../log-store.js';
import { parseVerifierKey, type VerifierKey } from '../notes/verifier-key.js';

/**
 * Keys that the leaves name, the one in force first and that of epoch 1 last; none in epoch 1, which no leaf begins. They are found by
 * the `epoch` of leaves, which grows by one at each `key` leaf. Rejects with `JIMINI_STORE_CORRUPT` when one of these is not there.
 */
export async function keysNamedIn(rows: LogPages, size: number, epoch: number): Promise<VerifierKey[]> {
  const keys: VerifierKey[] = [];
  for (let number = epoch, end = size; number > 1; number -= 1) {
    const { at, newKey, oldKey } = await keyLeafOf(rows, end, number);
    keys.push(newKey, ...(number === 2 ? [oldKey] : []));
    end = at;
  }
  return keys;
}

/** The leaf that an epoch begins with; the leaves before `size` end in that epoch. */
async function keyLeafOf(rows: LogPages, size: number, epoch: number) {
  let before = 0;
  let at = size - 1;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    const leaf = await leafAt(rows, middle);
    if (typeof leaf['epoch'] === 'number' && leaf['epoch'] >= epoch) at = middle;
    else before = middle;
  }
  const { kind, new_key, old_key } = await leafAt(rows, at);
  if (kind === 'key')
    return { at, newKey: parseVerifierKey(String(new_key)), oldKey: parseVerifierKey(String(old_key)) };
  throw damaged(at, 'does not name the keys that its epoch begins with');
}

async function leafAt(rows: LogPages, seq: number): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await rows.page(seq, 1);
  if (!row || row.seq !== seq || leafHash(row.bytes) !== row.hash) throw damaged(seq, 'is damaged or missing');
  return JSON.parse(Buffer.from(row.bytes).toString('utf8')) as Record<string, unknown>;
}

function damaged(seq: number, what: string): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', `the leaf at ${seq} ${what}: run \`jimini log verify\``);
}
