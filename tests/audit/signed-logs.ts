import { createHash, createPrivateKey } from 'node:crypto';
import { formatCheckpoint } from '../../sidecar/audit/notes/checkpoint.js';
import { formatNote } from '../../sidecar/audit/notes/note.js';
import { createNoteSigner, type NoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { formatTlogProof } from '../../sidecar/audit/notes/tlog-proof.js';
import { formatVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { inclusionProof } from '../../sidecar/audit/tree/proofs.js';
import { linesOfBoundary } from '../../sidecar/audit/verify/boundary.js';
import { type Evidence, readEvidence, type SignedFile } from '../../sidecar/audit/verify/held-against.js';
import type { VerifyReport } from '../../sidecar/audit/verify/report.js';
import { entriesOfLines } from '../../sidecar/audit/verify/sources.js';
import { type HeldAgainst, verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import { type CanonicalValue, canonicalJson } from '../../sidecar/kernel/canonical-json.js';
import { memoryTreeOf } from './tree/memory-tree.js';
import { readVectors } from './vectors/vectors.js';

/** Leaves of format v1 as the Python program beside the vectors makes them. */
export interface LeafVectors {
  /** A log of 64 leaves that has every kind. */
  readonly log: readonly string[];
  /** Its verifier keys, newest first. */
  readonly keys: readonly string[];
  readonly checkpoint: readonly [string];
  readonly cases: {
    readonly first: string;
    readonly leaves: readonly { why: string; leaf?: string; base64?: string; rule: string | null }[];
  };
  readonly files: readonly { why: string; base64: string; rule: string | null; seq: number }[];
}

export const leafVectors = readVectors<LeafVectors>('leaves.json');
/** Log id of the vectors, and of all logs that are made here. */
export const LOG_ID = 'abcdefghijklmnopqrstuvwxyz';

/** The leaves of the vectors, of every kind. */
export const allKinds: readonly Buffer[] = leafVectors.log.map((leaf) => Buffer.from(leaf));

/** An Ed25519 key that is the same each time. The vectors' log has those of 1, 3 and 6, in this order. */
export function signerOf(seed: number, logId = LOG_ID): NoteSigner {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  return createNoteSigner(`jimini.log/${logId}`, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

export function leafHashOf(leaf: Uint8Array | string): string {
  return createHash('sha256').update('\0').update(leaf).digest('hex');
}

/** Where a leaf stands. */
interface LeafPlace {
  readonly seq: number;
  readonly epoch: number;
  readonly prev: string;
}

/** A leaf with these fields at a place; fields may name a place of their own. */
export function leafAt(own: Readonly<Record<string, CanonicalValue>>, { seq, epoch, prev }: LeafPlace): Buffer {
  const place = { v: 1, log_id: LOG_ID, epoch, seq, time_ms: 1_767_225_600_000 + seq, mono_ns: `${seq}`, prev };
  return Buffer.from(canonicalJson({ ...place, ...own }));
}

/** Leaves with these fields, chained behind others. */
export function chained(
  fields: readonly Readonly<Record<string, CanonicalValue>>[],
  before: readonly Buffer[] = [],
): Buffer[] {
  const leaves = [...before];
  for (const own of fields) {
    const last = leaves.at(-1);
    const epoch = last ? (JSON.parse(String(last)) as { epoch: number }).epoch : 1;
    const prev = last ? leafHashOf(last) : '0'.repeat(64);
    leaves.push(leafAt(own, { seq: leaves.length, epoch, prev }));
  }
  return leaves;
}

export const OPEN = {
  kind: 'open',
  version: '0.2.0',
  policy_revision: 'sha256:5feceb66',
  recovered_size: 0,
  previous_close: 'none',
} as const;
export const DECISION = {
  kind: 'decision',
  door: 'ext_authz',
  direction: 'inbound',
  route: '/v1/chat/completions',
  tenant: '',
  raw: 'BLOCK',
  effective: 'BLOCK',
  rule_ids: ['pci.card-number', 'secrets.api-key'],
  rule_count: 2,
  gaps: [],
  gap_count: 0,
  policy_revision: 'sha256:5feceb66',
  c_request_id: 'a'.repeat(64),
  c_req: 'b'.repeat(64),
  c_resp: '',
  c_subj: '',
  envelope: 'e'.repeat(64),
} as const;
export const CLOSE = { kind: 'close', reason: 'shutdown' } as const;

/** Fields of so many decisions, each with a route of its own. */
export function decisions(count: number) {
  return Array.from({ length: count }, (_, at) => ({ ...DECISION, route: `route-${at}` }));
}

/** A log of so many leaves: `open`, decisions, `close`. */
export function plainLog(size: number): Buffer[] {
  return chained([OPEN, ...decisions(size - 2), CLOSE]);
}

/** A `key` leaf, signed by both keys or by the new one only. */
export function keyLeaf(
  epoch: number,
  from: NoteSigner,
  to: NoteSigner,
  { what = 'rotate', isSignedByOld = true } = {},
): Readonly<Record<string, CanonicalValue>> {
  const [oldKey, newKey] = [formatVerifierKey(from.key), formatVerifierKey(to.key)];
  const statement = Buffer.from(['jimini-key/v1', from.key.name, epoch, what, oldKey, newKey, ''].join('\n'));
  const signature = (by: NoteSigner) => by.sign(statement).bytes.toString('base64');
  return {
    kind: 'key',
    what,
    epoch,
    old_key: oldKey,
    new_key: newKey,
    old_signature: isSignedByOld ? signature(from) : '',
    new_signature: signature(to),
  };
}

export function treeOf(leaves: readonly Buffer[]) {
  return memoryTreeOf(leaves.map((leaf) => Buffer.from(leafHashOf(leaf), 'hex')));
}

/** A checkpoint of these leaves, or with another size. */
export function checkpointOf(leaves: readonly Buffer[], signer: NoteSigner, size = leaves.length): Buffer {
  return checkpointOfRoot(size, treeOf(leaves).edge.root(), signer);
}

/** A checkpoint that says this. */
export function checkpointOfRoot(size: number, root: Uint8Array, signer: NoteSigner): Buffer {
  const text = Buffer.from(formatCheckpoint({ origin: signer.key.name, size, root, extensions: [] }));
  return formatNote({ text, signatures: [signer.sign(text)] });
}

export async function proofOf(index: number, leaves: readonly Buffer[], signer: NoteSigner): Promise<Buffer> {
  const hashes = await inclusionProof(treeOf(leaves).reader, index, leaves.length);
  return formatTlogProof({ index, hashes, checkpoint: checkpointOf(leaves, signer) });
}

/** A file of verifier keys. */
export function keyFile(...signers: readonly NoteSigner[]): Buffer {
  return Buffer.from(signers.map(({ key }) => `${formatVerifierKey(key)}\n`).join(''));
}

export function asLines(leaves: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(leaves.flatMap((leaf) => [Buffer.from(leaf), Buffer.from('\n')]));
}

/** Files of an export by name: `entries.jsonl`, and what lies beside it. */
export type ExportFiles = Readonly<Record<string, Uint8Array>>;

/** What is given beside an export. */
export interface Given {
  readonly anchor?: Uint8Array;
  readonly key?: Uint8Array;
}

/** An export with checkpoint and keys. */
export function exportOf(leaves: readonly Buffer[], ...signers: readonly [NoteSigner, ...NoteSigner[]]): ExportFiles {
  return {
    'entries.jsonl': asLines(leaves),
    checkpoint: checkpointOf(leaves, signers[0]),
    'key.pub': keyFile(...signers),
  };
}

/** Exit code of a report, as `jimini log verify` has it. */
export const EXITS = { ok: 0, tampered: 1, truncated: 2, unanchored: 3, 'bad input': 4 } as const;

export interface Verified {
  readonly exit: number;
  /** Absent where there was nothing to verify with. */
  readonly report?: VerifyReport;
}

/** What our verifier says of an export in memory: the same as the command says of its directory, or with rows of a database beside it. */
export async function verifyExport(
  files: ExportFiles,
  { anchor, key }: Given = {},
  beside: Pick<HeldAgainst, 'payloadRows'> = {},
): Promise<Verified> {
  const signed: SignedFile[] = [];
  if (anchor) signed.push({ source: 'anchor', name: 'anchor', bytes: anchor });
  if (files['checkpoint']) signed.push({ source: 'checkpoint', name: 'checkpoint', bytes: files['checkpoint'] });
  for (const name of Object.keys(files)
    .filter((each) => each.endsWith('.tlog-proof'))
    .sort()) {
    signed.push({ source: 'proof', name, bytes: files[name] as Uint8Array });
  }
  const keys = key ?? files['key.pub'];
  const boundary = files['boundary.jsonl'] && { boundary: linesOfBoundary(files['boundary.jsonl']) };
  const keyLeaves = files['keys.jsonl'] ? linesOfBoundary(files['keys.jsonl']) : [];
  const segment = files['segment.json'] && { segment: { bytes: files['segment.json'], keyLeaves } };
  const evidence: Evidence = {
    files: signed,
    ...boundary,
    ...segment,
    ...(keys && { keys: { name: 'keys', bytes: keys } }),
  };
  const read = readEvidence(evidence);
  if ('badInput' in read) return { exit: EXITS['bad input'] };
  if ('report' in read) return { exit: EXITS[read.report.status], report: read.report };
  const first = read.segment?.first ?? read.boundary?.minSeq;
  const report = await verifyEntries(linesOf(files, first), undefined, { ...read, ...beside });
  return { exit: EXITS[report.status], report };
}

function linesOf(files: ExportFiles, firstSeq = 0) {
  async function* chunks() {
    yield files['entries.jsonl'] ?? new Uint8Array(0);
  }
  return entriesOfLines(chunks(), firstSeq);
}
