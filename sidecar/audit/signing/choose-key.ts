import type { KeyObject } from 'node:crypto';
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
  /** Why another key must sign from now on: the one in force has signed, or may have, what is not in the log. Absent = it may stay. */
  readonly mustChange: KeyFields['what'] | undefined;
}

/** The key that signs from now on. */
export interface ChosenKey {
  readonly key: KeyObject;
  readonly source: KeySource;
  /** The leaf that puts it in force; absent = it is in force already. */
  readonly leaf: KeyFields | undefined;
}

/**
 * Chooses the key, and makes one where it is needed. A key that is given and has signed before comes into force no second time: then
 * one of our own signs until another is given, because a guard that does not start guards nothing.
 */
export async function chooseKey(question: KeyQuestion, files: SigningFiles): Promise<ChosenKey> {
  const { keys } = files;
  const { origin, epoch, inForce, used, mustChange } = question;
  const isInForce = (key: KeyObject | undefined) => key !== undefined && isKey(inForce, verifierKeyOf(origin, key));
  const isFresh = (key: KeyObject | undefined) =>
    key !== undefined && !used.some((one) => isKey(one, verifierKeyOf(origin, key)));

  const holder = SOURCES.find((source) => (inForce ? isInForce(keys[source]) : keys[source]));
  const isChangeWanted = isFresh(keys.given ?? keys.next) && inForce !== undefined;
  const held = holder && keys[holder];
  if (held && !mustChange && !isChangeWanted) return { key: held, source: holder, leaf: undefined };

  const source = SOURCES.find((one) => isFresh(keys[one])) ?? 'next';
  const key = (isFresh(keys[source]) ? keys[source] : undefined) ?? (await files.makeNextKey());
  if (!inForce) return { key, source, leaf: undefined };
  const leaf = keyLeaf({
    what: mustChange ?? 'rotate',
    epoch: epoch + 1,
    oldKey: inForce,
    oldPrivate: held,
    newKey: verifierKeyOf(origin, key),
    newPrivate: key,
  });
  return { key, source, leaf };
}

/** In the order of preference. */
const SOURCES: readonly KeySource[] = ['given', 'next', 'own'];

function isKey(a: VerifierKey | undefined, b: VerifierKey): boolean {
  return a?.publicKey.equals(b.publicKey) ?? false;
}
