import { type KeyObject, sign } from 'node:crypto';
import type { KeyFields } from '../../kernel/leaf.js';
import { formatVerifierKey, type VerifierKey } from '../notes/verifier-key.js';

/** A change of the key that signs. */
export interface KeyChange {
  readonly what: KeyFields['what'];
  /** Number of the new key. */
  readonly epoch: number;
  readonly oldKey: VerifierKey;
  /** Absent = it is gone. */
  readonly oldPrivate: KeyObject | undefined;
  readonly newKey: VerifierKey;
  readonly newPrivate: KeyObject;
}

/** The leaf that states a change, signed by both keys: the old one hands over, the new one shows that it is held. */
export function keyLeaf({ what, epoch, oldKey, oldPrivate, newKey, newPrivate }: KeyChange): KeyFields {
  const old_key = formatVerifierKey(oldKey);
  const new_key = formatVerifierKey(newKey);
  // The first line is there so that no such signature can be taken for one of a note.
  const statement = Buffer.from(
    ['jimini-key/v1', newKey.name, epoch, what, old_key, new_key].map((line) => `${line}\n`).join(''),
  );
  const signedBy = (key: KeyObject | undefined) => (key ? sign(null, statement, key).toString('base64') : '');
  return {
    kind: 'key',
    what,
    old_key,
    new_key,
    old_signature: signedBy(oldPrivate),
    new_signature: signedBy(newPrivate),
  };
}
