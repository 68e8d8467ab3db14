import { hash } from 'node:crypto';
import { type Scanned, scanCanonical } from './canonical-scan.js';
import { fieldFault } from './leaf-rules.js';

/** One leaf to be verified, with its place: the number in its key, or the number of its line in an export (from 0). */
export interface Entry {
  /** Absent when the key is not one of a leaf. */
  readonly seq: number | undefined;
  readonly bytes: Uint8Array;
  /** Hex leaf hash that was stored beside it, where there is one. */
  readonly hash?: string;
}

/** Rules of the format, as docs/log-format.md names them. */
export type RuleName =
  | 'key'
  | 'size'
  | 'utf-8'
  | 'canonical'
  | 'version'
  | 'log_id'
  | 'seq'
  | 'prev'
  | 'hash'
  | 'fields'
  | 'first'
  | 'head'
  | 'store';

/** The first thing that is wrong. */
interface VerifyFault {
  /** Where: the place at which the chain stops holding. */
  readonly seq: number;
  readonly rule: RuleName;
  /** What was found. Never text from the leaf. */
  readonly found: string;
  /** What it means for somebody who relies on the log. */
  readonly meaning: string;
}

/** What a verification gave. `entries` counts the leaves that hold, from the first on. */
export interface VerifyReport {
  readonly status: 'ok' | 'tampered' | 'bad input';
  readonly entries: number;
  readonly logId?: string;
  /** Hash and kind of the last leaf that holds. */
  readonly last?: { readonly seq: number; readonly hash: string; readonly kind: string };
  readonly fault?: VerifyFault;
}

const LEAF_BYTES_MAX = 8 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PROGRESS_EVERY = 65_536;

const MEANINGS: Readonly<Record<RuleName, string>> = {
  key: 'something was put among the leaves that the program does not write',
  size: 'the bytes are not those that the program wrote: it writes no leaf of this size',
  'utf-8': 'the bytes were changed after they were written',
  canonical: 'the bytes were changed after they were written: the program writes canonical JSON only',
  version: 'the leaf was changed, or a version of the program wrote it that this verifier does not know',
  log_id: 'the leaf belongs to another log, or was changed',
  seq: 'leaves were removed, inserted, doubled or put into another order',
  prev: 'this leaf or the one before it was changed, or one between them is gone',
  hash: 'the leaf was changed after it was written',
  fields: 'the leaf was changed, or the program did not write it',
  first: 'the beginning of the log is gone, or was changed',
  head: 'the end of the log was cut off or changed after the export, or the head file was',
  store: 'files of the database were removed, cut or changed, or the disk fails',
};

/**
 * Verifies a whole log against its format, leaf by leaf, in constant memory. Rejects only when `entries` does; an error
 * whose code is one of the store's is a finding.
 */
export async function verifyEntries(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  onProgress?: (entries: number) => void,
): Promise<VerifyReport> {
  const verification = createVerification();
  try {
    for await (const entry of entries) {
      if (!verification.add(entry)) break;
      if (verification.size() % PROGRESS_EVERY === 0) onProgress?.(verification.size());
    }
  } catch (error) {
    if (!verification.failed(error)) throw error;
  }
  return verification.report();
}

/** A verification that is given one leaf after the other. */
export interface Verification {
  /** Takes the next leaf; false = something is wrong, and nothing more is taken. */
  add(entry: Entry): boolean;
  /** Takes what reading rejected with instead of a leaf. True = it is one of the store's errors, and so a finding. */
  failed(error: unknown): boolean;
  /** There are no more leaves, and there should be `size`. */
  endsBefore(size: number): void;
  /** How many leaves hold, those before the first one included. */
  size(): number;
  /** What was found. Its `entries` are the leaves that hold, from the first one on. */
  report(): VerifyReport;
}

/** Verifies leaves that follow `before`, which is only hashed; without it, from the beginning of a log. */
export function createVerification(before?: { readonly seq: number; readonly bytes: Uint8Array }): Verification {
  const chain = createChainCheck(before && { size: before.seq + 1, prev: hashOf(before.bytes) });
  const first = chain.size();
  let found: VerifyFault | undefined;
  return {
    add(entry) {
      const fault = chain.add(entry);
      if (fault) found = { ...fault, meaning: MEANINGS[fault.rule] };
      return found === undefined;
    },
    failed(error) {
      if (!/^JIMINI_STORE_/.test(String((error as { code?: unknown }).code))) return false;
      found = storeFault(chain.size(), 'the database cannot be read on from here');
      return true;
    },
    endsBefore(size) {
      if (chain.size() >= size) return;
      found = { seq: chain.size(), rule: 'seq', found: `the leaf ${chain.size()} is missing`, meaning: MEANINGS.seq };
    },
    size: chain.size,
    report() {
      const status = found ? 'tampered' : chain.size() === first ? 'bad input' : 'ok';
      const report = chain.report(status, found);
      return { ...report, entries: report.entries - first };
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', Buffer.concat([Uint8Array.of(0), bytes]), 'hex');
}

/** The report on a log whose database is so damaged that no leaf of it can be read. */
export function unreadableStore(): VerifyReport {
  return { status: 'tampered', entries: 0, fault: storeFault(0, 'the database is damaged and cannot be opened') };
}

function storeFault(seq: number, found: string): VerifyFault {
  return { seq, rule: 'store', found, meaning: MEANINGS.store };
}

/** Compares a report with what the head file of an export says: how many leaves there were, and the hash of the last. */
export function verifyHead(report: VerifyReport, headFile: Uint8Array): VerifyReport {
  if (report.status === 'tampered') return report;
  const { last, logId } = report;
  const expected = `{"hash":"${last?.hash}","log_id":"${logId}","size":${report.entries}}\n`;
  if (Buffer.from(expected).equals(headFile)) return report;
  const found = 'the head file does not say what the leaves say';
  return { ...report, status: 'tampered', fault: { seq: report.entries, rule: 'head', found, meaning: MEANINGS.head } };
}

type Finding = Omit<VerifyFault, 'meaning'>;

function createChainCheck(start?: { readonly size: number; readonly prev: string }) {
  let size = start?.size ?? 0;
  let logId: string | undefined;
  let prev = start?.prev ?? '0'.repeat(64);
  let kind = '';
  const prefixed = new Uint8Array(1 + LEAF_BYTES_MAX);

  const fault = (rule: RuleName, found: string): Finding => ({ seq: size, rule, found });

  const place = (leaf: ReadonlyMap<string, Scanned>): Finding | undefined => {
    if (leaf.get('v') !== 1) return fault('version', 'the format version is not 1');
    const id = leaf.get('log_id');
    if (typeof id !== 'string' || !/^[a-z2-7]{26}$/.test(id)) return fault('log_id', 'the log id is not one');
    if (logId !== undefined && id !== logId) return fault('log_id', 'the log id is not that of the leaves before');
    if (leaf.get('seq') !== size) return fault('seq', `the leaf at ${size} does not say that it is number ${size}`);
    if (leaf.get('prev') !== prev) return fault('prev', 'prev is not the hash of the leaf before');
    const wrong = fieldFault(leaf);
    if (wrong) return fault('fields', `the leaf ${wrong}`);
    if (size === 0 && leaf.get('kind') !== 'open') return fault('first', 'the first leaf is not of kind open');
    return undefined;
  };

  const add = (entry: Entry): Finding | undefined => {
    const { seq, bytes } = entry;
    if (seq === undefined) return fault('key', 'a key among the leaves is not one of a leaf');
    if (seq !== size)
      return fault('seq', seq > size ? `the leaf ${size} is missing` : `the leaf ${seq} is there twice`);
    if (bytes.length > LEAF_BYTES_MAX) return fault('size', `the leaf has more than ${LEAF_BYTES_MAX} bytes`);
    const text = decoded(bytes);
    if (text === undefined) return fault('utf-8', 'the leaf is not well-formed UTF-8');
    const leaf = scanCanonical(text);
    if ('why' in leaf) return fault('canonical', `the leaf ${leaf.why} (character ${leaf.at})`);
    const misplaced = place(leaf);
    if (misplaced) return misplaced;
    prefixed.set(bytes, 1);
    const actual = hash('sha256', prefixed.subarray(0, 1 + bytes.length), 'hex');
    if (entry.hash !== undefined && entry.hash !== actual) return fault('hash', 'the hash in the key is another one');
    prev = actual;
    logId = leaf.get('log_id') as string;
    kind = leaf.get('kind') as string;
    size += 1;
    return undefined;
  };

  const report = (status: VerifyReport['status'], found?: VerifyFault): VerifyReport => ({
    status,
    entries: size,
    ...(logId !== undefined && { logId, last: { seq: size - 1, hash: prev, kind } }),
    ...(found && { fault: found }),
  });

  return { add, report, size: () => size };
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
