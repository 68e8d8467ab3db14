import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import { COMPARABLE } from './character-table.js';
import { createGramFilter, GRAM_CHARS, type GramFilter, gramOf } from './gram-filter.js';
import { rarityBits } from './rarity.js';

/** A literal as comparable text (see character-table.ts), and the groups that have it. */
export interface IndexedLiteral {
  readonly text: string;
  readonly groups: readonly number[];
  /** Where in it the gram ends by which it is found. */
  readonly anchorEnd: number;
}

/** All literals, by the gram by which each is found. */
export interface LiteralIndex {
  readonly filter: GramFilter;
  readonly byGram: ReadonlyMap<number, readonly IndexedLiteral[]>;
}

/** Literals indexed in one step: a fraction of a millisecond. */
const LITERALS_PER_STEP = 64;

/**
 * Indexes the literals of all groups, each of two characters or more and comparable text. A literal is found by the
 * five characters in it that are rarest in ordinary text and that fewest others are found by; a shorter one by all it
 * has. Throws JIMINI_PACK_INVALID when the literals are too many to be held.
 */
export function* indexLiterals(groups: readonly (readonly string[])[]): Steps<LiteralIndex> {
  const owners = new Map<string, Set<number>>();
  groups.forEach((literals, group) => {
    for (const literal of literals) owners.set(literal, (owners.get(literal) ?? new Set()).add(group));
  });
  const characters = [...owners.keys()].reduce((sum, text) => sum + text.length, 0);
  if (characters > LIMITS.literalUnitsMax) {
    const message = 'the keywords and literals of the packs together are too many: use fewer or shorter ones';
    throw new JiminiError('JIMINI_PACK_INVALID', message);
  }
  const byGram = new Map<number, IndexedLiteral[]>();
  let count = 0;
  for (const [text, set] of owners) {
    if (++count % LITERALS_PER_STEP === 0) yield;
    const anchorEnd = anchorOf(text, byGram);
    const literal = { text, groups: [...set], anchorEnd };
    const gram = gramOf(text.slice(Math.max(0, anchorEnd - GRAM_CHARS), anchorEnd));
    const same = byGram.get(gram);
    if (same) same.push(literal);
    else byGram.set(gram, [literal]);
  }
  return { filter: createGramFilter(byGram.keys()), byGram };
}

/** Whether the literal stands in `units`, which are `to` long, with its anchor ending just before `end`. */
export function standsHere({ text, anchorEnd }: IndexedLiteral, units: Uint16Array, end: number, to: number): boolean {
  const from = end - anchorEnd;
  if (from < 0 || from + text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (COMPARABLE[units[from + i] as number] !== text.charCodeAt(i)) return false;
  return true;
}

function anchorOf(text: string, byGram: ReadonlyMap<number, readonly IndexedLiteral[]>): number {
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
