import { LIMITS } from '../../kernel/limits.js';
import {
  DIGIT_MARK,
  EMPHASIS_MARK,
  LOW_SURROGATE_MARK,
  SKELETON_MARK,
  signMark,
  UNSEEN_MARK,
} from '../character-table.js';
import type { Stretch } from '../windows.js';
import {
  hasJoinedSingles,
  joinedLetters,
  lettersForDigits,
  withoutComments,
  withoutMarkup,
  withoutSigns,
} from './disguised-words.js';
import { decodedRuns, overLineEnds } from './encoded-runs.js';
import { hiddenTexts } from './hidden-text.js';
import { withoutQuotedPrintable, withoutUtf7 } from './mail-escapes.js';
import { compose, type MappedText } from './mapped-text.js';
import { reversedTokens } from './reversed-tokens.js';
import { partedWords } from './run-together.js';
import { partedText, skeletonText } from './skeleton.js';
import { backwardsText, rotatedTexts } from './turned-text.js';
import { unescapedText } from './unescape.js';

/** Another way to read a text: what a person or a model would take it for. */
export interface View {
  readonly mapped: MappedText;
  /** Found by guessing (leetspeak, single letters), so that only rules against injection read it. */
  readonly isGuess: boolean;
  /** Honest texts look so too, by chance: what is found flags at most. */
  readonly flagsOnly?: true;
  /** How many encodings were undone to get it. */
  readonly depth: number;
}

/** What the sweep has seen of a text, as far as it tells which views it can have. */
export interface Seen {
  /** Marks of all its characters. */
  readonly marks: number;
  /** Its tokens that are long enough to be encoded text; undefined when there are too many to tell. */
  readonly tokens: readonly Stretch[] | undefined;
  /** It has single letters one after the other. */
  readonly hasSingleLetters: boolean;
  /** Words that were turned stand in it. */
  readonly turns: Turns;
  /** Texts that its numbers spell. */
  readonly spelled: readonly MappedText[];
  /** Its numbers that may be those of cards if they are written otherwise. */
  readonly broken: readonly MappedText[];
}

/** Ways in which all of a text may be turned, of which some word gives it away. */
export interface Turns {
  readonly backwards: boolean;
  readonly rotated: boolean;
}

const ESCAPE_MARKS = signMark('%') | signMark('&') | signMark('\\');
const MARKUP_MARKS = signMark('<');
const MAIL_MARKS = signMark('=') | signMark('+');
const SIGN_MARKS = EMPHASIS_MARK | signMark('\\') | LOW_SURROGATE_MARK;
/** Leetspeak without a digit is too rare to look for. */
const LEET_MARKS = DIGIT_MARK | signMark('@');

/** For a text that was not swept. */
const ALL_MARKS = -1;

/** Whether a text may have views at all; nearly all texts do not. */
export function mayHaveViews({ marks, tokens, hasSingleLetters, turns }: Seen): boolean {
  return (
    (marks & (SKELETON_MARK | ESCAPE_MARKS | LEET_MARKS | MARKUP_MARKS | MAIL_MARKS | SIGN_MARKS)) !== 0 ||
    tokens?.length !== 0 ||
    hasSingleLetters ||
    turns.backwards ||
    turns.rotated
  );
}

/** Takes another view of a text. */
export type AddView = (view: View) => void;

/**
 * Adds the views of a text that can be told without sweeping another one: with escapes decoded and look-alikes replaced; what
 * is hidden between its characters; with `guesses`, with disguised words written out. Without a plainer view also what
 * is encoded in it. Each is at most a few times as long as what it was made from.
 */
export function addViews(text: string, seen: Seen, guesses: boolean, add: AddView): void {
  const plain = canonicalText(text, seen.marks);
  const base = { text: plain?.text ?? text, mapped: plain };
  if (plain) add({ mapped: plain, isGuess: false, depth: 0 });
  for (const view of [...plainerViews(base, seen.marks), ...turnedViews(base, seen.turns)]) add(view);
  if (guesses) for (const view of guessesOf(base, text, seen)) add(view);
  if (!plain) addDecodedViews({ text }, seen.tokens, add);
  if (seen.marks & UNSEEN_MARK) {
    for (const mapped of hiddenTexts(text)) add(decodedView(mapped, 1));
    const parted = partedText(text);
    if (parted) add(decodedView(parted, 0));
  }
  for (const mapped of seen.spelled) add(decodedView(mapped, 1));
  for (const mapped of seen.broken) add({ mapped, isGuess: false, flagsOnly: true, depth: LIMITS.viewDepthMax });
}

/** What further views are made of: a text, and how it was made itself; undefined = it is the segment's own. */
interface Base {
  readonly text: string;
  readonly mapped: MappedText | undefined;
}

/**
 * The text with what mail is written in undone, and without comments. Each for itself: in code and in encoded text the same
 * characters mean something else, which must be judged as well.
 */
function plainerViews({ text, mapped }: Base, marks: number): View[] {
  const made = [
    marks & signMark('+') ? withoutUtf7(text) : undefined,
    marks & signMark('=') ? withoutQuotedPrintable(text) : undefined,
    marks & MARKUP_MARKS ? withoutComments(text) : undefined,
  ];
  return made.flatMap((one) => (one ? [decodedView(mapped ? compose(mapped, one) : one, 1)] : []));
}

/** The whole text turned in the ways that some word in it gives away. */
export function turnedViews({ text, mapped }: Base, { backwards, rotated }: Turns): View[] {
  const made = [...(backwards ? [backwardsText(text)] : []), ...(rotated ? rotatedTexts(text) : [])];
  return made.map((one) => ({ mapped: mapped ? compose(mapped, one) : one, isGuess: false, depth: 1 }));
}

/** Adds what is encoded in the tokens of a text or of a view of it, and reads as text, and tokens that are written backwards. */
export function addDecodedViews(
  base: { readonly text: string; readonly view?: View },
  tokens: readonly Stretch[] | undefined,
  add: AddView,
): void {
  const { text, view } = base;
  const depth = (view?.depth ?? 0) + 1;
  if (view?.isGuess || depth > LIMITS.viewDepthMax) return;
  const runs = tokens ? overLineEnds(text, tokens) : [[0, text.length] as const];
  for (const [from, to] of runs) {
    for (const run of decodedRuns(text, from, to)) add(decodedView(view ? compose(view.mapped, run) : run, depth));
  }
  for (const run of reversedTokens(text, tokens ?? [[0, text.length]])) {
    const mapped = view ? compose(view.mapped, run) : run;
    add({ mapped, isGuess: false, flagsOnly: true, depth: LIMITS.viewDepthMax });
  }
}

function decodedView(mapped: MappedText, depth: number): View {
  const plain = canonicalText(mapped.text, ALL_MARKS);
  return { mapped: plain ? compose(mapped, plain) : mapped, isGuess: false, depth };
}

/** The text with disguised words written out; and then with sentences parted that are written as one word, which names in code are too. */
function guessesOf({ text, mapped }: Base, original: string, seen: Seen): View[] {
  const mayBeApart =
    seen.hasSingleLetters ||
    seen.tokens === undefined ||
    seen.tokens.some(([from, to]) => hasJoinedSingles(original.slice(from, to)));
  const guess = madeBy(text, [
    seen.marks & MARKUP_MARKS ? withoutMarkup : undefined,
    seen.marks & SIGN_MARKS ? (one) => withoutSigns(one, (seen.marks & LOW_SURROGATE_MARK) !== 0) : undefined,
    mayBeApart ? joinedLetters : undefined,
    seen.marks & LEET_MARKS ? lettersForDigits : undefined,
  ]);
  const parted = seen.tokens?.length === 0 ? undefined : partedWords(original, seen.tokens);
  const views: View[] = [];
  if (guess) views.push({ mapped: mapped ? compose(mapped, guess) : guess, isGuess: true, depth: 0 });
  if (parted) views.push({ mapped: parted, isGuess: true, flagsOnly: true, depth: 0 });
  return views;
}

type Step = (text: string) => MappedText | undefined;

/** The text after all steps, each applied to what the one before has made; undefined when none makes anything. */
function madeBy(text: string, steps: readonly (Step | undefined)[]): MappedText | undefined {
  let made: MappedText | undefined;
  for (const step of steps) {
    const next = step?.(made?.text ?? text);
    if (next) made = made ? compose(made, next) : next;
  }
  return made;
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
