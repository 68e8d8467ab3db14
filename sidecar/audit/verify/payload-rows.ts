import { hash } from 'node:crypto';
import type { Finding } from './report.js';
import { readTombstone } from './tombstone.js';
import type { Row } from './tree-rows.js';

/** Rows beside the leaves: sealed payloads, and what stands in the place of those that were erased. */
export type PayloadRowKind = 'envelope' | 'tombstone';

/** Reads rows of one kind in the order of their keys. */
export type ReadPayloadRows = (kind: PayloadRowKind) => AsyncIterable<Row>;

/** What a leaf says of payloads, its own or others. */
export interface PayloadWord {
  /** Hex digest of the envelope that was written with the leaf; empty = there was none. */
  readonly envelope: string;
  /** Of an `erase` leaf: the root over the leaves whose payload is gone, and below which number all may be gone. */
  readonly erased?: { readonly root: string; readonly belowSeq: number };
}

/** What was found beside the leaves. */
export interface PayloadCounts {
  /** Envelopes that are there, byte for byte as they were written. */
  readonly envelopes: number;
  /** Decisions whose envelope was erased. */
  readonly erased: number;
}

/** Compares the payloads that are stored with those that the leaves name. No key is needed: nothing is opened. */
export interface PayloadRowsCheck {
  readonly counts: PayloadCounts;
  /** Takes what the next leaf says. Returns whether so much waits that it is time to `settle`. */
  add(seq: number, word: PayloadWord): boolean;
  /** Compares what was added since. Returns what is wrong. */
  settle(): Promise<Finding | undefined>;
  /** There are no more leaves than `size`: returns what is wrong, rows that should not be there included. */
  end(size: number): Promise<Finding | undefined>;
}

const SETTLE_EVERY = 1_024;
/** Roots that wait for their `erase` leaf, a hundred bytes each. */
const ROOTS_MAX = 1_000_000;
const LETTERS: Readonly<Record<PayloadRowKind, number>> = { envelope: 0x65, tombstone: 0x78 };
const KEY_BYTES = 9;

/**
 * Reads both kinds once, in step with the leaves, so that memory does not grow with them. Rows beside leaves below `firstSeq` may be gone
 * with these, and count for nothing.
 */
export function createPayloadRowsCheck(read: ReadPayloadRows, firstSeq: number): PayloadRowsCheck {
  const envelopes = createRowCursor('envelope', read, firstSeq);
  const tombstones = createRowCursor('tombstone', read, firstSeq);
  const counts = { envelopes: 0, erased: 0 };
  const erasures = createErasures();
  let pending: { readonly seq: number; readonly word: PayloadWord }[] = [];

  const compare = async (seq: number, { envelope, erased }: PayloadWord): Promise<Finding | undefined> => {
    const wrong = erasures.reach(seq, erased);
    if (wrong) return wrong;
    const sealed = await envelopes.take(seq);
    const tombstone = await tombstones.take(seq);
    if (sealed === 'stray' || tombstone === 'stray') return fault(seq, 'a row before this leaf belongs to no leaf');
    if (envelope === '') {
      if (sealed) return fault(seq, 'an envelope lies beside a leaf that was written without one');
      return tombstone && fault(seq, 'a tombstone lies beside a leaf that was written without an envelope');
    }
    if (sealed && tombstone) return fault(seq, 'the envelope is there, and a tombstone says that it was erased');
    if (sealed) {
      counts.envelopes += 1;
      return hash('sha256', sealed) === envelope
        ? undefined
        : fault(seq, 'the envelope is not the one that was written');
    }
    counts.erased += 1;
    return erasures.empty(seq, tombstone);
  };

  const settle = async (): Promise<Finding | undefined> => {
    const waiting = pending;
    pending = [];
    for (const { seq, word } of waiting) {
      const wrong = await compare(seq, word);
      if (wrong) return wrong;
    }
    return undefined;
  };

  return {
    counts,
    add(seq, word) {
      return pending.push({ seq, word }) >= SETTLE_EVERY;
    },
    settle,
    async end(size) {
      const wrong = (await settle()) ?? erasures.end();
      const isBehind = (await envelopes.isLeft()) || (await tombstones.isLeft());
      await Promise.all([envelopes.close(), tombstones.close()]);
      return wrong ?? (isBehind ? fault(size, 'an envelope or a tombstone lies behind the last leaf') : undefined);
    },
  };
}

function fault(seq: number, found: string): Finding {
  return { seq, rule: 'envelope', found };
}

/** Follows which payloads may be gone. Which `erase` leaf says so comes later than the payloads that it is about. */
function createErasures() {
  /** Roots that tombstones lead to, by the place of the leaf that must hold them. */
  const roots = new Map<number, { readonly root: string; readonly seq: number }>();
  let belowSeq = 0;
  let firstEmpty: number | undefined;
  let lastEmpty = -1;

  return {
    /** At each leaf; `erased` of an `erase` leaf. */
    reach(seq: number, erased: PayloadWord['erased']): Finding | undefined {
      belowSeq = Math.max(belowSeq, erased?.belowSeq ?? 0);
      const named = roots.get(seq);
      if (!named) return undefined;
      roots.delete(seq);
      if (erased?.root === named.root) return undefined;
      return fault(named.seq, `the tombstone names leaf ${seq}, which does not erase this payload`);
    },
    /** At a leaf whose envelope is not there. */
    empty(seq: number, tombstone: Uint8Array | undefined): Finding | undefined {
      if (!tombstone) {
        firstEmpty ??= seq;
        lastEmpty = seq;
        return undefined;
      }
      const read = readTombstone(tombstone, seq);
      if (!read || read.eraseSeq <= seq) return fault(seq, 'the tombstone in the place of the envelope is none');
      const { root } = roots.get(read.eraseSeq) ?? read;
      if (root !== read.root)
        return fault(seq, `the tombstone leads to another root than others of leaf ${read.eraseSeq}`);
      if (roots.size >= ROOTS_MAX) return fault(seq, 'tombstones name more erase leaves than this verifier can follow');
      if (!roots.has(read.eraseSeq)) roots.set(read.eraseSeq, { root, seq });
      return undefined;
    },
    end(): Finding | undefined {
      if (lastEmpty >= belowSeq && firstEmpty !== undefined) {
        const seq = firstEmpty >= belowSeq ? firstEmpty : lastEmpty;
        return fault(seq, 'the envelope is missing, and nothing says that it was erased');
      }
      for (const [eraseSeq, { seq }] of roots) {
        return fault(seq, `the tombstone names leaf ${eraseSeq}, which is not there`);
      }
      return undefined;
    },
  };
}

/** Walks along rows of one kind, one step for each leaf from `firstSeq` on. */
function createRowCursor(kind: PayloadRowKind, read: ReadPayloadRows, firstSeq: number) {
  const rows = read(kind)[Symbol.asyncIterator]();
  let next: Row | undefined;
  let isOver = false;

  const peek = async (): Promise<Row | undefined> => {
    while (!next && !isOver) {
      const { value, done } = await rows.next();
      isOver = done === true;
      next = isOver || (placeOf(value.key, kind) ?? firstSeq) < firstSeq ? undefined : value;
    }
    return next;
  };

  return {
    /** The row at this place; `stray` = one comes before it, or has no place. */
    async take(seq: number): Promise<Uint8Array | 'stray' | undefined> {
      const row = await peek();
      if (!row) return undefined;
      const at = placeOf(row.key, kind);
      if (at === undefined || at < seq) return 'stray';
      if (at > seq) return undefined;
      next = undefined;
      return row.value;
    },
    isLeft: async () => (await peek()) !== undefined,
    close: async () => void (await rows.return?.()),
  };
}

/** The letter and the number of a leaf, 8 bytes big-endian. */
function placeOf(key: Uint8Array, kind: PayloadRowKind): number | undefined {
  if (key.length !== KEY_BYTES || key[0] !== LETTERS[kind]) return undefined;
  return Number(Buffer.from(key).readBigUInt64BE(1));
}
