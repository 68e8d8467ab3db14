import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCheckpoint } from '../../sidecar/audit/notes/checkpoint.js';
import { formatNote } from '../../sidecar/audit/notes/note.js';
import { createNoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { formatVerifierKey, type VerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { consistencyProof } from '../../sidecar/audit/tree/proofs.js';
import { recoverEdge } from '../../sidecar/audit/tree/recover-edge.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { formatAddCheckpoint } from '../../sidecar/audit/witness/add-checkpoint.js';
import { memoryTreeOf } from '../audit/tree/memory-tree.js';
import { leafHashOf } from '../audit/tree/reference.js';
import { temporaryDirectory } from '../storage/temporary.js';

/** A log of 2,000 leaves that signs a checkpoint of any size. */
export interface TestLog {
  readonly key: VerifierKey;
  /** File with its verifier key. */
  readonly keyFile: string;
  readonly reader: TileReader;
  /** The signed checkpoint over the first `size` leaves. */
  noteOf(size: number): Promise<Buffer>;
  /** An honest request. */
  requestFor(oldSize: number, size: number): Promise<Buffer>;
  /** A log with the same key whose leaves from `from` on are others. */
  fork(from: number): TestLog;
}

const LEAVES = 2000;

export function createTestLog(origin: string): TestLog {
  const signer = createNoteSigner(origin, generateKeyPairSync('ed25519').privateKey);
  const keyFile = join(temporaryDirectory(), 'log.pub');
  writeFileSync(keyFile, `${formatVerifierKey(signer.key)}\n`);

  const logOf = (leaves: readonly string[]): TestLog => {
    const { reader } = memoryTreeOf(leaves.map(leafHashOf));
    const noteOf = async (size: number) => {
      const root = (await recoverEdge(reader, size)).root();
      const text = Buffer.from(formatCheckpoint({ origin, size, root, extensions: [] }));
      return formatNote({ text, signatures: [signer.sign(text)] });
    };
    return {
      key: signer.key,
      keyFile,
      reader,
      noteOf,
      async requestFor(oldSize, size) {
        const proof = await consistencyProof(reader, oldSize, size);
        return formatAddCheckpoint({ oldSize, size, proof, note: await noteOf(size) });
      },
      fork: (from) => logOf(leaves.map((leaf, index) => (index < from ? leaf : `other ${leaf}`))),
    };
  };
  return logOf(Array.from({ length: LEAVES }, (_, index) => `${origin} ${index}`));
}
