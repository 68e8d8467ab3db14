import type { NoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { recoverPeaks } from '../../sidecar/audit/tree/recover-edge.js';
import type { CanonicalValue } from '../../sidecar/kernel/canonical-json.js';
import { asLines, chained, type ExportFiles, exportOf, leafHashOf, treeOf } from './signed-logs.js';

type Fields = Readonly<Record<string, CanonicalValue>>;

function kindOf(leaf: Buffer): unknown {
  return (JSON.parse(String(leaf)) as { kind: unknown }).kind;
}

/** The `key` leaves below a number. */
export function keyLeavesOf(leaves: readonly Buffer[], minSeq: number): Buffer[] {
  return leaves.slice(0, minSeq).filter((leaf) => kindOf(leaf) === 'key');
}

/** Fields of a leaf that says that leaves below `minSeq` are removed. */
export async function pruneFields(leaves: readonly Buffer[], minSeq: number): Promise<Fields> {
  const peaks = await recoverPeaks(treeOf(leaves.slice(0, minSeq)).reader, minSeq);
  return {
    kind: 'prune',
    min_seq: minSeq,
    peaks: peaks.map((peak) => Buffer.from(peak).toString('hex')),
    key_root: treeOf(keyLeavesOf(leaves, minSeq)).edge.root().toString('hex'),
    approvers: [],
    reason: 'retention',
  };
}

/** The leaves with such a leaf, and these fields, behind them. */
export async function withPrune(leaves: readonly Buffer[], minSeq: number, ...behind: Fields[]): Promise<Buffer[]> {
  return chained([await pruneFields(leaves, minSeq), ...behind], leaves);
}

/** What shows that a log rightly begins with leaf `minSeq`, by the leaf at `pruneSeq`. */
export function boundaryOf(leaves: readonly Buffer[], minSeq: number, pruneSeq: number): Buffer {
  return asLines([leaves[pruneSeq] as Buffer, ...keyLeavesOf(leaves, minSeq)]);
}

/** Hashes of the leaves, one a line: to see that two exports are of one log. */
export function hashesOf(leaves: readonly Buffer[]): string {
  return leaves.map(leafHashOf).join('\n');
}

/** An export of a log from which the leaves below `minSeq` were removed. */
export function prunedExportOf(
  leaves: readonly Buffer[],
  minSeq: number,
  pruneSeq: number,
  ...signers: readonly [NoteSigner, ...NoteSigner[]]
): ExportFiles {
  return {
    ...exportOf(leaves, ...signers),
    'entries.jsonl': asLines(leaves.slice(minSeq)),
    'boundary.jsonl': boundaryOf(leaves, minSeq, pruneSeq),
  };
}
