import { hash } from 'node:crypto';
import { scanCanonical } from './canonical-scan.js';
import { hash as isHash, type Leaf, logId } from './field-types.js';
import type { KeyEpochs } from './key-epochs.js';
import { fieldFault, isOpaque } from './leaf-rules.js';
import type { PayloadWord } from './payload-rows.js';
import { type PlainPlace, readPlainDecision } from './plain-decision.js';
import { type Entry, type Finding, LEAF_BYTES_MAX, type RuleName } from './report.js';
import { decodeUtf8 } from './utf8.js';

/** Takes the leaves of a log one after the other, in constant memory. */
export interface ChainCheck {
  /** Takes the next leaf. Returns what is wrong with it; then nothing more is to be given. */
  add(entry: Entry): Finding | undefined;
  /** A finding at the place of the next leaf. */
  fault(rule: RuleName, found: string): Finding;
  /** Leaves that hold, those before the first one that was given included. */
  readonly size: number;
  /** Of the last leaf that holds; of the zeros before leaf 0. */
  readonly lastHash: string;
  /** Empty before the first leaf. */
  readonly logId: string;
  readonly lastKind: string;
  /** What the last leaf that holds says of payloads. */
  readonly lastWord: PayloadWord;
  /** The last leaf that says that the log does not go on from what was signed, and how many leaves it went on from instead. */
  readonly lastBreak: LogBreak | undefined;
  /** Of the last leaf, ms since 1970. */
  readonly lastTimeMs: number;
  /** 0 before the first leaf. */
  readonly epoch: number;
  readonly opaque: number;
  readonly gaps: number;
  /** Whether what was refused at leaf 0 is a leaf of format v0. */
  readonly isOlderFormat: boolean;
}

/** What is known of the leaves before the first one that is looked at. */
export interface ChainStart {
  readonly size: number;
  /** Hash of the last of them; absent = that leaf is gone, and the next one is believed to say it. */
  readonly hash?: string;
  readonly logId?: string;
  readonly epoch?: number;
}

/** Begins at leaf 0, or behind `start`. `keys` follows the `key` leaves. */
export function createChainCheck(keys: KeyEpochs, start?: ChainStart): ChainCheck {
  return new Chain(keys, start);
}

class Chain implements ChainCheck {
  size: number;
  lastHash: string;
  logId = '';
  lastKind = '';
  lastWord: PayloadWord = NO_PAYLOAD;
  lastBreak: LogBreak | undefined;
  lastTimeMs = 0;
  epoch = 0;
  opaque = 0;
  gaps = 0;
  isOlderFormat = false;
  readonly #keys: KeyEpochs;
  readonly #prefixed = new Uint8Array(1 + LEAF_BYTES_MAX);

  constructor(keys: KeyEpochs, start: ChainStart = { size: 0, hash: '0'.repeat(64) }) {
    this.#keys = keys;
    this.size = start.size;
    this.lastHash = start.hash ?? '';
    this.logId = start.logId ?? '';
    this.epoch = start.epoch ?? 0;
  }

  fault(rule: RuleName, found: string): Finding {
    return { seq: this.size, rule, found };
  }

  add(entry: Entry): Finding | undefined {
    const { seq, bytes } = entry;
    if (seq === undefined) return this.fault('key', 'a key among the leaves is not one of a leaf');
    if (seq > this.size) return this.fault('seq', `the leaf ${this.size} is missing`);
    if (seq < this.size) return this.fault('seq', `the leaf ${seq} is there twice`);
    if (bytes.length > LEAF_BYTES_MAX) return this.fault('size', `the leaf has more than ${LEAF_BYTES_MAX} bytes`);
    const text = decodeUtf8(bytes);
    if (text === undefined) return this.fault('utf-8', 'the leaf is not well-formed UTF-8');
    const plain = this.#nextPlainDecision(text);
    const leaf = plain ? undefined : scanCanonical(text);
    if (leaf && 'why' in leaf) return this.fault('canonical', `the leaf ${leaf.why} (character ${leaf.at})`);
    const wrong = leaf && (this.#place(leaf) ?? this.#content(leaf));
    if (wrong) return wrong;
    this.#prefixed.set(bytes, 1);
    const actual = hash('sha256', this.#prefixed.subarray(0, 1 + bytes.length), 'hex');
    if (entry.hash !== undefined && entry.hash !== actual)
      return this.fault('hash', 'the hash in the key is another one');
    this.#accept(leaf, actual);
    this.lastWord = plain ? { envelope: plain.envelope } : wordOf(leaf);
    return undefined;
  }

  /** Where this is nothing but a decision, and stands where it belongs. What is not is looked at rule by rule. */
  #nextPlainDecision(text: string): PlainPlace | undefined {
    if (this.size === 0 || this.epoch === 0) return undefined;
    const place = readPlainDecision(text);
    if (place === undefined) return undefined;
    const { seq, prev, epoch, logId } = place;
    const isNext = seq === this.size && prev === this.lastHash && epoch === this.epoch && logId === this.logId;
    if (isNext) this.lastTimeMs = place.timeMs;
    return isNext ? place : undefined;
  }

  #place(leaf: Leaf): Finding | undefined {
    if (leaf.get('v') !== 1) {
      this.isOlderFormat = this.size === 0 && leaf.get('v') === 0 && leaf.get('epoch') === 0;
      return this.fault('version', 'the format version is not 1');
    }
    const id = leaf.get('log_id');
    if (!logId(id, leaf)) return this.fault('log_id', 'the log id is not one');
    if (this.logId !== '' && id !== this.logId) {
      return this.fault('log_id', 'the log id is not that of the leaves before');
    }
    if (leaf.get('seq') !== this.size) {
      return this.fault('seq', `the leaf at ${this.size} does not say that it is number ${this.size}`);
    }
    const prev = leaf.get('prev');
    const isPrev = this.lastHash === '' ? isHash(prev, leaf) : prev === this.lastHash;
    if (!isPrev) return this.fault('prev', 'prev is not the hash of the leaf before');
    return undefined;
  }

  #content(leaf: Leaf): Finding | undefined {
    const wrong = fieldFault(leaf);
    if (wrong) return this.fault('fields', `the leaf ${wrong}`);
    const kind = leaf.get('kind');
    if (this.size === 0 && kind !== 'open') return this.fault('first', 'the first leaf is not of kind open');
    if (!this.#isInEpoch(leaf.get('epoch') as number, kind === 'key')) {
      return this.fault('epoch', 'the epoch does not follow that of the leaf before');
    }
    const refused = kind === 'key' ? this.#keys.take(leaf) : undefined;
    return refused === undefined ? undefined : this.fault('signer', `the key leaf ${refused}`);
  }

  /** In the middle of a log the first leaf says which epoch it is. */
  #isInEpoch(epoch: number, isKey: boolean): boolean {
    if (this.epoch === 0) return this.size > 0 || epoch === 1;
    return epoch === (isKey ? this.epoch + 1 : this.epoch);
  }

  /** Without `leaf` it is a decision of the same log and epoch as the leaf before. */
  #accept(leaf: Leaf | undefined, leafHash: string): void {
    this.lastHash = leafHash;
    this.size += 1;
    this.lastKind = leaf ? (leaf.get('kind') as string) : 'decision';
    if (!leaf) return;
    this.lastTimeMs = leaf.get('time_ms') as number;
    this.logId = leaf.get('log_id') as string;
    this.epoch = leaf.get('epoch') as number;
    if (this.lastKind === 'gap') this.#acceptGap(leaf);
    if (isOpaque(leaf)) this.opaque += 1;
  }

  #acceptGap(leaf: Leaf): void {
    this.gaps += 1;
    const recoveredSize = leaf.get('recovered_size');
    if (typeof recoveredSize === 'number') this.lastBreak = { seq: this.size - 1, recoveredSize };
  }
}

const NO_PAYLOAD: PayloadWord = { envelope: '' };

/** A leaf of a kind that is not known may name anything, and has no envelope. */
function wordOf(leaf: Leaf | undefined): PayloadWord {
  switch (leaf?.get('kind')) {
    case 'decision':
      return { envelope: leaf.get('envelope') as string };
    case 'erase': {
      const [root, belowSeq] = [leaf.get('c_seqs') as string, leaf.get('below_seq') as number | undefined];
      return { envelope: '', erased: { root, belowSeq: belowSeq ?? 0 } };
    }
    default:
      return NO_PAYLOAD;
  }
}

/** A history that ended, and the leaf that says so. */
export interface LogBreak {
  readonly seq: number;
  readonly recoveredSize: number;
}
