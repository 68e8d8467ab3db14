import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import { createGramFilter, GRAM_CHARS, GRAM_VALUES, type GramFilter, gramHashOf, gramOf } from './gram-filter.js';
import { rarityBits } from './rarity.js';

/**
 * All literals, by the gram by which each is found. Arrays of numbers side by side, one entry for a literal, because an
 * object for each costs several times as much to look at.
 */
export interface LiteralIndex {
  readonly filter: GramFilter;
  /** By gram: which entry of `firstOfGram` is its own; 0 for one that no literal has. */
  readonly gramNumber: Int32Array;
  /** By number of a gram: its first literal; those of one gram stand together, and the last entry ends the list. The gram 0 has none. */
  readonly firstOfGram: Int32Array;
  /** By literal: the hash of what it is found by, which tells nearly always that it is not there. */
  readonly gramHash: Int32Array;
  /** By literal: where in it the gram ends by which it is found. */
  readonly anchorEnd: Int32Array;
  /** By literal: 1 when it does not count within a run of ASCII letters and digits. */
  readonly wholeWords: Uint8Array;
  /** By literal: where its comparable text (see character-table.ts) begins in `units`; one entry more ends the last. */
  readonly textStart: Int32Array;
  readonly units: Uint16Array;
  /** By literal: where the groups that have it begin in `groups`; one entry more ends the last. */
  readonly groupStart: Int32Array;
  readonly groups: Int32Array;
}

/** A literal on its way into the index. */
interface Entry {
  readonly text: string;
  readonly groups: readonly number[];
  readonly anchorEnd: number;
  readonly gramHash: number;
  readonly isWholeWord: boolean;
}

/** As many literals may be found by one gram before another counts as better: to compare one more costs less than to stop once more. */
const SHARED_MAX = 16;
/** Literals indexed in one step: a fraction of a millisecond. */
const LITERALS_PER_STEP = 64;
/** Of those that are only copied, as many in one step. */
const LAID_OUT_PER_STEP = 2048;

/**
 * Indexes the literals of all groups, each of two characters or more and comparable text. A literal is found by the
 * five characters in it that are rarest in ordinary text and that not too many others are found by; a shorter one by all it
 * has. `wholeWords`: numbers of the groups whose literals count as whole words only. Throws JIMINI_PACK_INVALID when the literals are too many to be held.
 */
export function* indexLiterals(
  groups: readonly (readonly string[])[],
  wholeWords: ReadonlySet<number>,
): Steps<LiteralIndex> {
  const [parts, words] = [new Map<string, number[]>(), new Map<string, number[]>()];
  let characters = 0;
  let count = 0;
  for (const [group, literals] of groups.entries()) {
    const owners = wholeWords.has(group) ? words : parts;
    for (const literal of literals) {
      if (++count % LAID_OUT_PER_STEP === 0) yield;
      const known = owners.get(literal);
      if (!known) {
        owners.set(literal, [group]);
        characters += literal.length;
      } else if (known.at(-1) !== group) known.push(group);
    }
  }
  if (characters > LIMITS.literalUnitsMax) {
    const message = 'the keywords and literals of the packs together are too many: use fewer or shorter ones';
    throw new JiminiError('JIMINI_PACK_INVALID', message);
  }
  const byGram = new Map<number, Entry[]>();
  for (const owners of [parts, words]) {
    for (const [text, groups] of owners) {
      if (++count % LITERALS_PER_STEP === 0) yield;
      const anchorEnd = anchorOf(text, byGram);
      const gramHash = gramHashOf(text, anchorEnd);
      const entry = { text, groups, anchorEnd, gramHash, isWholeWord: owners === words };
      const gram = gramOf(gramHash, text.length);
      const same = byGram.get(gram);
      if (same) same.push(entry);
      else byGram.set(gram, [entry]);
    }
  }
  return yield* layOut([...byGram]);
}

function* layOut(byGram: readonly (readonly [gram: number, entries: readonly Entry[]])[]): Steps<LiteralIndex> {
  const gramNumber = new Int32Array(GRAM_VALUES);
  byGram.forEach(([gram], i) => {
    gramNumber[gram] = i + 1;
  });
  yield;
  const entries = byGram.flatMap(([, same]) => same);
  const firstOfGram = startsOf([[], ...byGram.map(([, same]) => same)]);
  yield;
  const filter = createGramFilter(entries);
  yield;
  const textStart = startsOf(entries.map(({ text }) => text));
  const units = yield* unitsOf(entries, textStart);
  const groupStart = startsOf(entries.map(({ groups }) => groups));
  const groups = new Int32Array(groupStart.at(-1) as number);
  for (const [i, entry] of entries.entries()) groups.set(entry.groups, groupStart[i]);
  yield;
  const anchorEnd = Int32Array.from(entries, (entry) => entry.anchorEnd);
  const gramHash = Int32Array.from(entries, (entry) => entry.gramHash);
  const wholeWords = Uint8Array.from(entries, ({ isWholeWord }) => (isWholeWord ? 1 : 0));
  return { filter, gramNumber, firstOfGram, gramHash, anchorEnd, wholeWords, textStart, units, groupStart, groups };
}

function* unitsOf(entries: readonly Entry[], starts: Int32Array): Steps<Uint16Array> {
  const units = new Uint16Array(starts.at(-1) as number);
  for (const [number, { text }] of entries.entries()) {
    if (number % LAID_OUT_PER_STEP === 0) yield;
    const start = starts[number] as number;
    for (let i = 0; i < text.length; i++) units[start + i] = text.charCodeAt(i);
  }
  return units;
}

/** Where each of these begins when they are put one behind the other, and where the last ends. */
function startsOf(parts: readonly { readonly length: number }[]): Int32Array {
  const starts = new Int32Array(parts.length + 1);
  parts.forEach(({ length }, i) => {
    starts[i + 1] = (starts[i] as number) + length;
  });
  return starts;
}

function anchorOf(text: string, byGram: ReadonlyMap<number, readonly Entry[]>): number {
  let best = text.length;
  let bestBits = Number.NEGATIVE_INFINITY;
  for (let end = GRAM_CHARS; end <= text.length; end++) {
    const shared = byGram.get(gramOf(gramHashOf(text, end), GRAM_CHARS))?.length ?? 0;
    const bits = rarityBits(text.slice(end - GRAM_CHARS, end)) - (shared < SHARED_MAX ? 0 : Math.log2(shared));
    if (bits > bestBits) [best, bestBits] = [end, bits];
  }
  return best;
}
