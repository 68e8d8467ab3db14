import type { KeyObject } from 'node:crypto';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../notes/checkpoint.js';
import { parseNote } from '../notes/note.js';
import { createNoteSigner } from '../notes/note-signer.js';
import { parseVerifierKey, type VerifierKey } from '../notes/verifier-key.js';
import type { SigningFiles } from './signing-files.js';

/** The newest checkpoint that a key of the log signed. */
export interface LastSigned {
  readonly note: Buffer;
  readonly checkpoint: Checkpoint;
  /** The key that signed it. */
  readonly key: VerifierKey;
}

/** Keys of `key.pub`, in its order. A line that is none, somebody else wrote. */
export function publicKeysOf(text: string): VerifierKey[] {
  return text.split('\n').flatMap((line) => attempted(() => parseVerifierKey(line)) ?? []);
}

/** Opens the newest checkpoint with the public keys that are known, whatever log it names; undefined = none of them signed it. */
export function openLastSigned({ newest, publicKeys, keys }: SigningFiles): LastSigned | undefined {
  if (!newest) return undefined;
  return attempted(() => {
    const { origin } = parseCheckpoint(parseNote(newest).text.toString('utf8'));
    const named = publicKeysOf(publicKeys).filter(({ name }) => name === origin);
    const held = [keys.given, keys.own, keys.next].flatMap((key) => (key ? [verifierKeyOf(origin, key)] : []));
    const checkpoint = openCheckpoint(newest, [...named, ...held]);
    const [signature] = checkpoint.note.signatures;
    return signature && { note: newest, checkpoint, key: signature.key };
  });
}

/** The public half, under the name of a log. */
export function verifierKeyOf(origin: string, key: KeyObject): VerifierKey {
  return createNoteSigner(origin, key).key;
}

/** What the readers of notes throw says only that there is nothing to be read. */
function attempted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
