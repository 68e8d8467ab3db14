import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { SigningFiles } from '../../sidecar/audit/signing/signing-files.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';

/** Keys and checkpoints in memory, which tests may take away, exchange and make fail. */
export interface MemorySigningFiles extends SigningFiles {
  newest: Buffer | undefined;
  publicKeys: string;
  keys: { given: KeyObject | undefined; own: KeyObject | undefined; next: KeyObject | undefined };
  acknowledged: string | undefined;
  /** Every checkpoint that was written, in order. */
  readonly written: Buffer[];
  /** What was kept as evidence, with the size that was signed. */
  readonly evidence: { readonly signedSize: number; readonly note: Buffer | undefined }[];
  /** Whether no checkpoint can be written. */
  fails: boolean;
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

export function createMemorySigningFiles(): MemorySigningFiles {
  const files: MemorySigningFiles = {
    newest: undefined,
    publicKeys: '',
    keys: { given: undefined, own: undefined, next: undefined },
    acknowledged: undefined,
    written: [],
    evidence: [],
    fails: false,
    async makeNextKey() {
      files.keys.next = newKey();
      return files.keys.next;
    },
    async keepOnly(signer) {
      const { given, own, next } = files.keys;
      files.keys = { given, own: { given: undefined, own, next }[signer], next: signer === 'own' ? next : undefined };
    },
    async writePublicKeys(text) {
      files.publicKeys = text;
    },
    async writeCheckpoint(note) {
      if (files.fails) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'no checkpoint can be written');
      files.newest = Buffer.from(note);
      files.written.push(files.newest);
    },
    async keepEvidence(signedSize) {
      files.evidence.push({ signedSize, note: files.newest });
    },
    async forgetAcknowledged() {
      files.acknowledged = undefined;
    },
  };
  return files;
}
