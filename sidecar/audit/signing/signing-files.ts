import type { KeyObject } from 'node:crypto';

/** What is kept beside the store of a log: keys, and what was signed. Read once, at start. */
export interface SigningFiles {
  /** The checkpoint that was written last, verbatim; absent = there is none, or none that is whole. */
  readonly newest: Buffer | undefined;
  /** Verifier keys, one a line, newest first: what `writePublicKeys` was given last. */
  readonly publicKeys: string;
  readonly keys: SigningKeys;
  /** What somebody acknowledged, as it was written. */
  readonly acknowledged: string | undefined;
  /** Makes a key that waits to take the place of our own, and resolves after it is on disk. */
  makeNextKey(): Promise<KeyObject>;
  /** Lets `signer` be the only private key that is kept. */
  keepOnly(signer: KeySource): Promise<void>;
  writePublicKeys(text: string): Promise<void>;
  /** Resolves after the checkpoint is on disk; the one before is there until then. */
  writeCheckpoint(note: Uint8Array): Promise<void>;
  /** Keeps what stands in the place of checkpoints now for whoever investigates; does so once, however often it is called. */
  keepEvidence(signedSize: number): Promise<void>;
  forgetAcknowledged(): Promise<void>;
}

/** Ed25519 private keys of a log; absent = there is none. */
export interface SigningKeys {
  /** Named by the configuration. */
  readonly given: KeyObject | undefined;
  /** Made by us. */
  readonly own: KeyObject | undefined;
  /** Made by us to take the place of `own` with the next start. */
  readonly next: KeyObject | undefined;
}

/** One of the private keys. */
export type KeySource = keyof SigningKeys;
