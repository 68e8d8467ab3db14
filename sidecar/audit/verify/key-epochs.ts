import type { Scanned } from './canonical-scan.js';
import { fromBase64, isSignature, type NoteKey, readNoteKey } from './signed-note.js';

/** The key in force at some place of a log. */
export interface KeyInForce {
  /** Absent as long as no leaf has named it: the key of epoch 1, before the first `key` leaf. */
  key?: NoteKey;
  /** How many `key` leaves came before. */
  readonly ordinal: number;
  /** Whether it is a known key, or signatures of old keys lead to it from one. */
  isVouchedFor: boolean;
}

/** Follows the keys of a log through its `key` leaves. */
export interface KeyEpochs {
  /** The key in force now. What was given out before the first `key` leaf is completed when that leaf comes. */
  current(): KeyInForce;
  /**
   * Whether a key that the log names may be believed: it is a known key, or a chain of signatures leads to it from one,
   * forward by old keys, or backward by new ones. To be asked at the end.
   */
  isTrusted(key: KeyInForce): boolean;
  /** Takes a `key` leaf whose fields have their form. Returns what is wrong with it. */
  take(leaf: ReadonlyMap<string, Scanned>): string | undefined;
}

/** Begins with the key of epoch 1, or, in the middle of a log, with one that nothing is known of. `known`: keys from elsewhere. */
export function createKeyEpochs(known: readonly NoteKey[]): KeyEpochs {
  let current: KeyInForce = { ordinal: 0, isVouchedFor: false };
  let lastKnown = -1;
  const isKnown = (key: NoteKey) => known.some((other) => isSame(other, key));

  return {
    current: () => current,
    isTrusted: ({ ordinal, isVouchedFor }) => isVouchedFor || ordinal <= lastKnown,
    take(leaf) {
      const texts = ['log_id', 'what', 'old_key', 'new_key', 'old_signature', 'new_signature'] as const;
      const [logId = '', what = '', oldText = '', newText = '', oldSignature = '', newSignature = ''] = texts.map(
        (name) => String(leaf.get(name)),
      );
      const [oldKey, newKey] = [keyOf(oldText, logId), keyOf(newText, logId)];
      if (!oldKey || !newKey || isSame(oldKey, newKey)) return 'does not name two keys of this log';
      if (current.key && !isSame(current.key, oldKey)) return 'names an old key that was not in force';
      const statement = Buffer.from(
        `jimini-key/v1\njimini.log/${logId}\n${leaf.get('epoch')}\n${what}\n${oldText}\n${newText}\n`,
      );
      if (!holds(newKey, statement, newSignature)) return 'is not signed by its new key';
      if (oldSignature !== '' && !holds(oldKey, statement, oldSignature)) {
        return 'has a signature by its old key that does not hold';
      }
      if (!current.key) {
        current.key = oldKey;
        current.isVouchedFor = isKnown(oldKey);
      }
      const ordinal = current.ordinal + 1;
      if (isKnown(newKey)) lastKnown = ordinal;
      const isVouchedFor = isKnown(newKey) || (current.isVouchedFor && oldSignature !== '');
      current = { key: newKey, ordinal, isVouchedFor };
      return undefined;
    },
  };
}

function keyOf(text: string, logId: string): NoteKey | undefined {
  const key = readNoteKey(text);
  return 'why' in key || key.type !== 1 || key.name !== `jimini.log/${logId}` ? undefined : key;
}

function isSame(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && a.type === b.type && a.publicKey.equals(b.publicKey);
}

function holds(key: NoteKey, statement: Buffer, signature: string): boolean {
  const bytes = fromBase64(signature);
  return bytes !== undefined && isSignature(key, statement, bytes);
}
