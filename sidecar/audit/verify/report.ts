import type { PayloadCounts } from './payload-rows.js';

/** One leaf to be verified, with its place: the number in its key, or the number of its line in an export (from 0). */
export interface Entry {
  /** Absent when the key is not one of a leaf. */
  readonly seq: number | undefined;
  readonly bytes: Uint8Array;
  /** Hex leaf hash that was stored beside it, where there is one. */
  readonly hash?: string;
}

/** No leaf has more. */
export const LEAF_BYTES_MAX = 8 * 1024;

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
  | 'epoch'
  | 'hash'
  | 'fields'
  | 'first'
  | 'signer'
  | 'checkpoint'
  | 'anchor'
  | 'proof'
  | 'tree'
  | 'envelope'
  | 'boundary'
  | 'segment'
  | 'store';

/** What breaks a rule. */
export interface Finding {
  /** Where: the place at which the log stops holding. */
  readonly seq: number;
  readonly rule: RuleName;
  /** What was found. Never text from the leaf. */
  readonly found: string;
}

/** The first thing that is wrong. */
export interface VerifyFault extends Finding {
  /** What it means for somebody who relies on the log. */
  readonly meaning: string;
}

/**
 * `ok`: all holds; `tampered`: something does not; `truncated`: fewer leaves than were signed; `unanchored`: leaves that no checkpoint
 * covers; `bad input`: nothing that can be verified.
 */
export type VerifyStatus = 'ok' | 'tampered' | 'truncated' | 'unanchored' | 'bad input';

/** What a verification gave. `entries` counts the leaves that hold, from the first on. */
export interface VerifyReport {
  readonly status: VerifyStatus;
  readonly entries: number;
  readonly logId?: string;
  /** Hash and kind of the last leaf that holds. */
  readonly last?: { readonly seq: number; readonly hash: string; readonly kind: string };
  readonly fault?: VerifyFault;
  /** Leaves of kinds that this verifier does not know: hashed and chained, their fields not looked at. */
  readonly opaque: number;
  /** Leaves of kind `gap`: each says what is not in the log. */
  readonly gaps: number;
  /** Number of the signing key in force at the end, 0 when no leaf holds. */
  readonly epoch: number;
  /** Leaves that checkpoints cover which hold; absent when none were looked at. */
  readonly signedSize?: number;
  /** Sealed payloads beside the leaves; absent when none were looked at. */
  readonly payloads?: PayloadCounts;
  /** Rows of kinds that this version does not know, which are no part of the log; absent when none were looked at. */
  readonly unknownRows?: number;
  /** Leaves that were removed from the front, and when the leaf was written that says so; absent = none. */
  readonly pruned?: { readonly entries: number; readonly atMs: number };
  /** Of a part of a log: which day it is of, and where it is; absent = it is the whole of what is left. */
  readonly segment?: { readonly day: string; readonly first: number; readonly end: number };
}

const MEANINGS: Readonly<Record<RuleName, string>> = {
  key: 'something was put among the leaves that the program does not write',
  size: 'the bytes are not those that the program wrote: it writes no leaf of this size',
  'utf-8': 'the bytes were changed after they were written',
  canonical: 'the bytes were changed after they were written: the program writes canonical JSON only',
  version: 'the leaf was changed, or a version of the program wrote it that this verifier does not know',
  log_id: 'the leaf belongs to another log, or was changed',
  seq: 'leaves were removed, inserted, doubled or put into another order',
  prev: 'this leaf or the one before it was changed, or one between them is gone',
  epoch: 'the leaf was changed, or what stands here was written under another key than the log says',
  hash: 'the leaf was changed after it was written',
  fields: 'the leaf was changed, or the program did not write it',
  first: 'the beginning of the log is gone, or was changed',
  signer:
    'somebody else than the known signer wrote this, or the log goes on under a key that nobody known vouches for',
  checkpoint: 'the log, or its end, is not what was signed, or the checkpoint was changed',
  anchor: 'this is not the log that the anchor was taken from, or it was written anew since',
  proof: 'the proof was changed, or is of another leaf or another log',
  tree: 'rows of the database were removed, added or changed; the leaves themselves are not concerned',
  envelope:
    'a sealed payload was removed, changed, exchanged or added; the leaves themselves, and what they commit to, are not concerned',
  boundary: 'leaves were removed from the front, and what should show that this was done by the program does not hold',
  segment: 'this is not the part of the log that it says, or what shows that was changed',
  store: 'files of the database were removed, cut or changed, or the disk fails',
};
const TRUNCATED = 'leaves were cut off at the end, or an older copy was put in the place of the log';
const UNANCHORED =
  'normal for a log in use, or after a crash: nothing signed covers these leaves, so they can be changed unseen';

const UNUSABLE =
  'what is not there cannot be compared: hold the leaves that are there against something that ends among them';

/** A finding with what it means. */
export function asFault(finding: Finding, status: VerifyStatus = 'tampered'): VerifyFault {
  const meaning =
    { truncated: TRUNCATED, unanchored: UNANCHORED, 'bad input': UNUSABLE }[status as string] ?? MEANINGS[finding.rule];
  return { ...finding, meaning };
}

/** The report on a log whose database is so damaged that no leaf of it can be read. */
export function unreadableStore(): VerifyReport {
  const found = 'the database is damaged and cannot be opened';
  return { ...EMPTY, status: 'tampered', fault: asFault({ seq: 0, rule: 'store', found }) };
}

/** The report on a log of the preview format. */
export function olderFormat(): VerifyReport {
  const found = 'this is a log of format v0, which was a preview';
  const meaning = 'verify it with the version that wrote it';
  return { ...EMPTY, status: 'bad input', fault: { seq: 0, rule: 'version', found, meaning } };
}

const EMPTY = { entries: 0, opaque: 0, gaps: 0, epoch: 0 };
