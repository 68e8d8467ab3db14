import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import { createGramFilter, GRAM_CHARS, type GramFilter, gramOf } from './gram-filter.js';
import { rarityBits } from './rarity.js';

/**
 * All literals, by the gram by which each is found. Arrays of numbers side by side, one entry for a literal, because an
 * object for each costs several times as much to look at.
 */
export interface LiteralIndex {
  readonly filter: GramFilter;
  /** By gram that the filter knows: which entry of `firstOfGram` is its own. */
  readonly gramNumber: Int32Array;
  /** By number of a gram: its first literal; those of one gram stand together, and the last entry ends the list. */
  readonly firstOfGram: Int32Array;
  /** By literal: where in it the gram ends by which it is found. */
  readonly anchorEnd: Int32Array;
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
}

/** Literals indexed in one step: a fraction of a millisecond. */
const LITERALS_PER_STEP = 64;
/** Of those that are only copied, as many in one step. */
const LAID_OUT_PER_STEP = 2048;

/**
 * Indexes the literals of all groups, each of two characters or more and comparable text. A literal is found by the
 * five characters in it that are rarest in ordinary text and that fewest others are found by; a shorter one by all it
 * has. Throws JIMINI_PACK_INVALID when the literals are too many to be held.
 */
export function* indexLiterals(groups: readonly (readonly string[])[]): Steps<LiteralIndex> {
  const owners = new Map<string, number[]>();
  let characters = 0;
  let count = 0;
  for (const [group, literals] of groups.entries()) {
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
  for (const [text, groups] of owners) {
    if (++count % LITERALS_PER_STEP === 0) yield;
    const anchorEnd = anchorOf(text, byGram);
    const entry = { text, groups, anchorEnd };
    const gram = gramOf(text.slice(Math.max(0, anchorEnd - GRAM_CHARS), anchorEnd));
    const same = byGram.get(gram);
    if (same) same.push(entry);
    else byGram.set(gram, [entry]);
  }
  return yield* layOut([...byGram]);
}

function* layOut(byGram: readonly (readonly [gram: number, entries: readonly Entry[]])[]): Steps<LiteralIndex> {
  const filter = createGramFilter(byGram.map(([gram]) => gram));
  yield;
  const gramNumber = new Int32Array(filter.length);
  byGram.forEach(([gram], number) => {
    gramNumber[gram] = number;
  });
  yield;
  const entries = byGram.flatMap(([, same]) => same);
  const firstOfGram = startsOf(byGram.map(([, same]) => same));
  yield;
  const textStart = startsOf(entries.map(({ text }) => text));
  const units = yield* unitsOf(entries, textStart);
  const groupStart = startsOf(entries.map(({ groups }) => groups));
  const groups = new Int32Array(groupStart.at(-1) as number);
  for (const [i, entry] of entries.entries()) groups.set(entry.groups, groupStart[i]);
  yield;
  const anchorEnd = Int32Array.from(entries, (entry) => entry.anchorEnd);
  return { filter, gramNumber, firstOfGram, anchorEnd, textStart, units, groupStart, groups };
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
    const gram = text.slice(end - GRAM_CHARS, end);
    const shared = byGram.get(gramOf(gram))?.length ?? 0;
    const bits = rarityBits(gram) - Math.log2(1 + shared);
    if (bits > bestBits) [best, bestBits] = [end, bits];
  }
  return best;
}
