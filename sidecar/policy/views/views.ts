import { LIMITS } from '../../kernel/limits.js';
import { DIGIT_MARK, SKELETON_MARK, signMark } from '../character-table.js';
import { joinedLetters, lettersForDigits } from './disguised-words.js';
import { decodedRuns } from './encoded-runs.js';
import { hiddenTexts } from './hidden-text.js';
import { compose, type MappedText } from './mapped-text.js';
import { skeletonText } from './skeleton.js';
import { unescapedText } from './unescape.js';

/** Another way to read a text: what a person or a model would take it for. */
export interface View {
  readonly mapped: MappedText;
  /** Found by guessing (leetspeak, single letters), so that only rules against injection read it. */
  readonly isGuess: boolean;
}

/** What the sweep has seen of a text, as far as it tells which views it can have. */
export interface Seen {
  /** Marks of all its characters. */
  readonly marks: number;
  /** It has a token long enough to be encoded text. */
  readonly hasToken: boolean;
  /** It has single letters one after the other. */
  readonly hasSingleLetters: boolean;
}

const ESCAPE_MARKS = signMark('%') | signMark('&') | signMark('\\');
/** Leetspeak without a digit is too rare to look for. */
const LEET_MARKS = DIGIT_MARK | signMark('@');

/** Whether a text may have views at all; nearly all texts do not. */
export function mayHaveViews({ marks, hasToken, hasSingleLetters }: Seen): boolean {
  return (marks & (SKELETON_MARK | ESCAPE_MARKS | LEET_MARKS)) !== 0 || hasToken || hasSingleLetters;
}

/**
 * The views of a text: with escapes decoded and look-alikes replaced; what is encoded in it or hidden between its
 * characters, and their views in turn; and, with `guesses`, with disguised words written out. Bounded in number and depth, and each view is at
 * most a few times as long as what it was made from.
 */
export function viewsOf(text: string, seen: Seen, guesses: boolean): View[] {
  const views: View[] = [];
  const plain = canonicalText(text, seen.marks);
  if (plain) views.push({ mapped: plain, isGuess: false });
  const hidden = seen.marks & SKELETON_MARK ? hiddenTexts(text) : [];
  const encoded = seen.hasToken || plain ? decodedOf(plain ?? text) : [];
  for (const mapped of [...hidden, ...encoded]) addDecoded(views, mapped, 1);
  if (guesses) addGuesses(views, plain ?? text, seen);
  return views;
}

function addGuesses(views: View[], base: MappedText | string, { marks, hasToken, hasSingleLetters }: Seen): void {
  const text = typeof base === 'string' ? base : base.text;
  const joined = hasSingleLetters || hasToken ? joinedLetters(text) : undefined;
  const letters = marks & LEET_MARKS ? lettersForDigits(joined?.text ?? text) : undefined;
  const guess = joined && letters ? compose(joined, letters) : (joined ?? letters);
  if (guess) views.push({ mapped: onTopOf(base, guess), isGuess: true });
}

/** Adds a decoded text, and what is encoded in it in turn. */
function addDecoded(views: View[], mapped: MappedText, depth: number): void {
  if (views.length >= LIMITS.viewsMax) return;
  const plain = canonicalText(mapped.text, -1);
  const best = plain ? compose(mapped, plain) : mapped;
  views.push({ mapped: best, isGuess: false });
  if (depth >= LIMITS.viewDepthMax) return;
  for (const inner of decodedRuns(best.text, LIMITS.viewsMax)) addDecoded(views, compose(best, inner), depth + 1);
}

function decodedOf(base: MappedText | string): MappedText[] {
  const runs = decodedRuns(typeof base === 'string' ? base : base.text, LIMITS.viewsMax);
  return runs.map((run) => onTopOf(base, run));
}

function onTopOf(base: MappedText | string, outer: MappedText): MappedText {
  return typeof base === 'string' ? outer : compose(base, outer);
}

/** Escapes decoded, as often as they are nested, and look-alikes replaced; undefined when nothing changes. */
function canonicalText(text: string, marks: number): MappedText | undefined {
  let made: MappedText | undefined;
  const apply = (step: (text: string) => MappedText | undefined): boolean => {
    const next = step(made?.text ?? text);
    if (next) made = made ? compose(made, next) : next;
    return next !== undefined;
  };
  if (marks & ESCAPE_MARKS) for (let depth = 0; depth < LIMITS.viewDepthMax && apply(unescapedText); depth++);
  if (made || marks & SKELETON_MARK) apply(skeletonText);
  return made;
}
