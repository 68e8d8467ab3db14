import type { KeyObject } from 'node:crypto';
import { JiminiError } from '../../kernel/errors.js';
import type { KeyFields } from '../../kernel/leaf.js';
import type { VerifierKey } from '../notes/verifier-key.js';
import { keyLeaf } from './key-leaf.js';
import { verifierKeyOf } from './last-signed.js';
import type { KeySource, SigningFiles } from './signing-files.js';

/** What is known when a start chooses the key that signs. */
export interface KeyQuestion {
  /** Name of the keys of the log. */
  readonly origin: string;
  /** Number of the key in force. */
  readonly epoch: number;
  /** The key in force; absent = nothing tells. */
  readonly inForce: VerifierKey | undefined;
  /** Keys that have signed, or may have. */
  readonly used: readonly VerifierKey[];
  /** Whether the log goes on from what was signed last: the key that signed it must not sign anything else. */
  readonly continues: boolean;
}

/** The key that signs from now on. */
export interface ChosenKey {
  readonly key: KeyObject;
  readonly source: KeySource;
  /** The leaf that puts it in force; absent = it is in force already. */
  readonly leaf: KeyFields | undefined;
}

/** Chooses the key, and makes one where it is needed. Rejects with `JIMINI_CONFIG_INVALID` when the one that is given cannot be used. */
export async function chooseKey(question: KeyQuestion, files: SigningFiles): Promise<ChosenKey> {
  const { given, own, next } = files.keys;
  const { origin, epoch, inForce, continues } = question;
  const isInForce = (key: KeyObject | undefined) => key !== undefined && isKey(inForce, verifierKeyOf(origin, key));
  // A start that put it in force was killed before it could take the place of the other.
  const source: KeySource = given ? 'given' : isInForce(next) ? 'next' : 'own';
  const key = files.keys[source];
  const isStaying = continues && (given !== undefined || next === undefined || source === 'next');
  if (key && isStaying && (!inForce || isInForce(key))) return { key, source, leaf: undefined };

  const fresh = await freshKey(question, files);
  if (!inForce) return { ...fresh, leaf: undefined };
  const leaf = keyLeaf({
    what: continues ? 'rotate' : 'gap',
    epoch: epoch + 1,
    oldKey: inForce,
    oldPrivate: [own, next].find(isInForce),
    newKey: verifierKeyOf(origin, fresh.key),
    newPrivate: fresh.key,
  });
  return { ...fresh, leaf };
}

/** A key that has not signed this log. */
async function freshKey(
  { origin, used }: KeyQuestion,
  files: SigningFiles,
): Promise<{ key: KeyObject; source: KeySource }> {
  const isFresh = (key: KeyObject) => !used.some((one) => isKey(one, verifierKeyOf(origin, key)));
  const { given, own, next } = files.keys;
  if (given) {
    if (isFresh(given)) return { key: given, source: 'given' };
    const what = 'the log does not go on from what this key has signed last, or has another key by now';
    throw new JiminiError('JIMINI_CONFIG_INVALID', `log.signingKeyFile: ${what}: name a new key`);
  }
  if (next && isFresh(next)) return { key: next, source: 'next' };
  if (own && isFresh(own)) return { key: own, source: 'own' };
  return { key: await files.makeNextKey(), source: 'next' };
}

function isKey(a: VerifierKey | undefined, b: VerifierKey): boolean {
  return a?.publicKey.equals(b.publicKey) ?? false;
}
