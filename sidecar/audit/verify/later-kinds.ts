import { bucket, type Check, count, hash, hashOrEmpty, listOf, optional, text, word } from './field-types.js';

const approvers = listOf(8, text);

/** Something was done for a person, or to their records. No program writes these yet. */
const FOR_A_PERSON = [
  ['op', word],
  ['c_request_id', hashOrEmpty],
  ['c_tag', hashOrEmpty],
  ['count', bucket],
  ['c_seqs', hashOrEmpty],
  ['approvers', approvers],
  ['reason', word],
] as const;

/** `below_seq`: no payload below it can be opened any more, and its envelope may be gone. */
const ERASE = [
  ...FOR_A_PERSON,
  ['below_seq', optional((value, leaf) => count(value, leaf) && (value as number) <= (leaf.get('seq') as number))],
] as const;

const minSeq: Check = (value, leaf) =>
  count(value, leaf) && (value as number) % 256 === 0 && (value as number) < (leaf.get('seq') as number);
/** One for each perfect subtree that the first `min_seq` leaves consist of. */
const peaks: Check = (value, leaf) => {
  const bits = BigInt(leaf.get('min_seq') as number).toString(2);
  return listOf(53, hash)(value, leaf) && (value as readonly unknown[]).length === bits.replaceAll('0', '').length;
};

/** Leaves below a number are removed. */
const PRUNE = [
  ['min_seq', minSeq],
  ['peaks', peaks],
  ['key_root', hash],
  ['approvers', approvers],
  ['reason', word],
] as const;

/** Rules of the kinds that are written for a person, by later versions, and by retention. */
export const LATER_KINDS = [
  ...['export', 'restrict', 'hold'].map((kind) => [kind, () => FOR_A_PERSON] as const),
  ['erase', () => ERASE] as const,
  ['prune', () => PRUNE] as const,
] as const;
