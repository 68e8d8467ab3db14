import { JiminiError } from '../../kernel/errors.js';
import { leafHash } from '../leaf-hash.js';
import type { LogPages } from '../log-store.js';
import { parseVerifierKey, type VerifierKey } from '../notes/verifier-key.js';

/**
 * The key that the last `key` leaf put in force, found by the `epoch` of leaves, which grows by one at each. Rejects with
 * `JIMINI_STORE_CORRUPT` when the leaf that should be one is not. Not to be asked in epoch 1, which no leaf begins.
 */
export async function keyOfEpoch(rows: LogPages, size: number, epoch: number): Promise<VerifierKey> {
  let before = 0;
  let at = size - 1;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    const leaf = await leafAt(rows, middle);
    if (typeof leaf['epoch'] === 'number' && leaf['epoch'] >= epoch) at = middle;
    else before = middle;
  }
  const { kind, new_key: key } = await leafAt(rows, at);
  if (kind === 'key' && typeof key === 'string') return parseVerifierKey(key);
  throw damaged(at, 'does not name the key that its epoch begins with');
}

async function leafAt(rows: LogPages, seq: number): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await rows.page(seq, 1);
  if (!row || row.seq !== seq || leafHash(row.bytes) !== row.hash) throw damaged(seq, 'is damaged or missing');
  return JSON.parse(Buffer.from(row.bytes).toString('utf8')) as Record<string, unknown>;
}

function damaged(seq: number, what: string): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', `the leaf at ${seq} ${what}: run \`jimini log verify\``);
}
