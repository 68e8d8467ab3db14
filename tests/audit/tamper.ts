import { entriesOfLines } from '../../sidecar/audit/verify/sources.js';
import { createVerification } from '../../sidecar/audit/verify/verify-entries.js';
import { asLines, type ExportFiles, verifyExport } from './signed-logs.js';

/** Which bits of a file are flipped. */
export type Bits = (byteAt: number) => readonly number[];

export const everyBit: Bits = () => [0, 1, 2, 3, 4, 5, 6, 7];

/**
 * Flips bits of the leaves of an export, one at a time, and returns those flips that were not noticed. Leaves before the one
 * that is flipped are as they were, so that they need not be verified again for each: a flip that is not noticed in its own leaf or the
 * next one is shown to the whole verification.
 */
export async function unnoticedInLeaves(files: ExportFiles, leaves: readonly Buffer[], bits: Bits): Promise<number[]> {
  const unnoticed: number[] = [];
  let start = 0;
  for (const [seq, leaf] of leaves.entries()) {
    const piece = asLines(leaves.slice(seq, seq + 2));
    for (let at = 0; at <= leaf.length; at += 1) {
      for (const bit of bits(start + at)) {
        piece.writeUInt8(piece.readUInt8(at) ^ (1 << bit), at);
        const isNoticed = seq > 0 && (await isNoticedNear(piece, { seq, at, bit }, leaves));
        if (!isNoticed && (await verifyFlipped(files, start + at, bit)) === 0) unnoticed.push((start + at) * 8 + bit);
        piece.writeUInt8(piece.readUInt8(at) ^ (1 << bit), at);
      }
    }
    start += leaf.length + 1;
  }
  return unnoticed;
}

interface Flip {
  readonly seq: number;
  readonly at: number;
  readonly bit: number;
}

/** Whether a flip is noticed in its leaf or the next one, whose lines `piece` has. */
async function isNoticedNear(piece: Buffer, { seq, at, bit }: Flip, leaves: readonly Buffer[]): Promise<boolean> {
  const before = leaves[seq - 1] as Buffer;
  const verification = createVerification({ seq: seq - 1, bytes: before });
  const byte = piece.readUInt8(at);
  if (byte !== NEWLINE && (byte ^ (1 << bit)) !== NEWLINE) {
    const bytes = piece.subarray(0, leaves[seq]?.length);
    const next = leaves[seq + 1];
    return (
      !verification.add({ seq, bytes }) || (next !== undefined && !verification.add({ seq: seq + 1, bytes: next }))
    );
  }
  for await (const entry of entriesOfLines(oneChunk(piece))) {
    if (!verification.add({ ...entry, seq: seq + (entry.seq ?? 0) })) return true;
  }
  return false;
}

const NEWLINE = 0x0a;

async function* oneChunk(bytes: Buffer) {
  yield bytes;
}

async function verifyFlipped(files: ExportFiles, at: number, bit: number): Promise<number> {
  const changed = Buffer.from(files['entries.jsonl'] as Uint8Array);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
  return (await verifyExport({ ...files, 'entries.jsonl': changed })).exit;
}

/** Flips bits of one small file of an export, and returns the flips after which it still holds. */
export async function unnoticedIn(files: ExportFiles, name: string, bits: Bits): Promise<number[]> {
  const unnoticed: number[] = [];
  const changed = Buffer.from(files[name] as Uint8Array);
  for (let at = 0; at < changed.length; at += 1) {
    for (const bit of bits(at)) {
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
      if ((await verifyExport({ ...files, [name]: changed })).exit === 0) unnoticed.push(at * 8 + bit);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
    }
  }
  return unnoticed;
}
