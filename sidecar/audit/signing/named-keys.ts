import { JiminiError } from '../../kernel/errors.js';
import { leafHash } from '../leaf-hash.js';
import { membersOf } from '../leaf-members.js';
import type { KeptKeyLeaves, LeafRow, LogPages } from '../log-store.js';
import { parseVerifierKey, type VerifierKey } from '../notes/verifier-key.js';
import { keptBelow } from '../prune/boundary.js';

/** Where the leaves are that are still there: from `firstSeq` to before `size`, the last of them in `epoch`. */
export interface KeptRange {
  readonly firstSeq: number;
  readonly size: number;
  readonly epoch: number;
}

/**
 * Keys that the leaves name, the one in force first and that of epoch 1 last; none in epoch 1, which no leaf begins. Rejects with
 * `JIMINI_STORE_CORRUPT` when a leaf that names one is not there: a start then would sign with a key that may have signed something else.
 */
export async function keysNamedIn(rows: LogPages & KeptKeyLeaves, range: KeptRange): Promise<VerifierKey[]> {
  const rowsOfKeys = await keyLeavesIn(rows, range).catch((reason) => {
    throw keysUnknown(JiminiError.from(reason));
  });
  const leaves = rowsOfKeys.map(({ bytes }) => membersOf(bytes));
  const keys = leaves.map(({ new_key }) => parseVerifierKey(String(new_key))).reverse();
  const [first] = leaves;
  return first ? [...keys, parseVerifierKey(String(first['old_key']))] : [];
}

/** The `key` leaves below `end` in a log that begins with `firstSeq`, ascending. Rejects as `keysNamedIn` does. */
export async function keyLeavesBelow(
  rows: LogPages & KeptKeyLeaves,
  firstSeq: number,
  end: number,
): Promise<LeafRow[]> {
  const { epoch } = membersOf((await leafAt(rows, end - 1)).bytes);
  return keyLeavesIn(rows, { firstSeq, size: end, epoch: Number(epoch) });
}

/**
 * They are found by the `epoch` of leaves, which grows by one at each; those of leaves that were removed are kept. Where the `prune` leaf
 * was cut off, the log does not say where it begins: then it is the first leaf that is left, or no start would be possible any more.
 */
async function keyLeavesIn(rows: LogPages & KeptKeyLeaves, { firstSeq, size, epoch }: KeptRange): Promise<LeafRow[]> {
  const [first] = await rows.page(firstSeq, 1);
  const range = { firstSeq: first?.seq ?? firstSeq, size, epoch };
  const kept = await keptBelow(rows, range.firstSeq);
  const found: LeafRow[] = [];
  for (let number = range.epoch, end = range.size; number > 1 + kept.length; number -= 1) {
    const row = await keyLeafOf(rows, { ...range, size: end }, number);
    found.unshift(row);
    end = row.seq;
  }
  return [...kept, ...found];
}

/** The leaf that an epoch begins with; the leaves of the range end in that epoch. */
async function keyLeafOf(rows: LogPages, { firstSeq, size }: KeptRange, epoch: number): Promise<LeafRow> {
  let before = firstSeq - 1;
  let at = size - 1;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    const leaf = membersOf((await leafAt(rows, middle)).bytes);
    if (typeof leaf['epoch'] === 'number' && leaf['epoch'] >= epoch) at = middle;
    else before = middle;
  }
  const row = await leafAt(rows, at);
  if (membersOf(row.bytes)['kind'] === 'key') return row;
  throw damaged(at, 'does not name the keys that its epoch begins with');
}

async function leafAt(rows: LogPages, seq: number): Promise<LeafRow> {
  const [row] = await rows.page(seq, 1);
  if (!row || row.seq !== seq || leafHash(row.bytes) !== row.hash) throw damaged(seq, 'is damaged or missing');
  return row;
}

const VERIFY_ADVICE = ': run `jimini log verify`';

function damaged(seq: number, what: string): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', `the leaf at ${seq} ${what}${VERIFY_ADVICE}`);
}

function keysUnknown(cause: JiminiError): JiminiError {
  if (cause.code !== 'JIMINI_STORE_CORRUPT') return cause;
  const why = cause.message.replace(VERIFY_ADVICE, '');
  const advice =
    'keep the data directory as evidence, run `jimini log verify`, and start with a copy from before, or with another data directory';
  return new JiminiError(
    'JIMINI_STORE_CORRUPT',
    `which keys have signed the log cannot be told any more: ${why}; ${advice}`,
    { cause },
  );
}
