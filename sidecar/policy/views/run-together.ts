import type { Stretch } from '../windows.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Words of orders to a model, and those that stand between them: what a sentence without spaces is parted into. */
const WORDS: ReadonlySet<string> = new Set(
  (
    'a about above access act add admin after all allow always am an and answer any anything are as ask assistant at be ' +
    'before bypass can chat command commands conversation data debug developer device direct disable disregard do drop enable ' +
    'ethics everything execute file files filter filters first follow for forget free from full give given go guard ' +
    'guidelines had has have hidden hi how i ignore in initial instruction instructions internal into is it jailbreak just ' +
    'key keys know let like limits list longer made make me message messages mode must my never new no not now obey of off ' +
    'on only or order orders original other our out output override password passwords please policies policy pretend ' +
    'previous previously print prior programming prompt prompts reply repeat requests respond restrictions reveal role root ' +
    'rule rules safety said say secret secrets see send should show start stop system tell text that the their them then ' +
    'there these they this those to told training under unrestricted until up us user was we were what which will with ' +
    'without word words write you your'
  ).split(' '),
);
const WORD_CHARS_MAX = Math.max(...Array.from(WORDS, (word) => word.length));
/** Shorter runs of letters are words. */
const RUN_CHARS_MIN = 24;
/** Longer ones are encoded, or not text. */
const RUN_CHARS_MAX = 512;
const RUN = new RegExp(`[A-Za-z]{${RUN_CHARS_MIN},${RUN_CHARS_MAX}}`, 'g');
/** Names in code have fewer. */
const SNAKE = /[A-Za-z]{1,20}(?:_[A-Za-z]{1,20}){4,100}/g;

/** The text with spaces in sentences that are written without any, or with underscores; undefined when there are none. */
export function partedWords(text: string, tokens: readonly Stretch[] | undefined): MappedText | undefined {
  let out: MappedTextWriter | undefined;
  let copied = 0;
  for (const [from, to] of tokens ?? [[0, text.length] as const]) {
    const token = text.slice(from, to);
    for (const { at, length, starts } of [...snakes(token), ...runs(token)].sort((a, b) => a.at - b.at)) {
      if (from + at < copied) continue;
      out ??= new MappedTextWriter(text.length);
      out.copy(text, copied, from + at);
      for (const [i, start] of starts.entries()) {
        const end = starts[i + 1] ?? length;
        if (i > 0) out.write(' ', from + at + start, from + at + start);
        const isUnderscore = token[at + end - 1] === '_';
        out.copy(text, from + at + start, from + at + end - (isUnderscore ? 1 : 0));
      }
      copied = from + at + length;
    }
  }
  out?.copy(text, copied, text.length);
  return out?.finish();
}

/** A sentence in a token, and where its words start in it. */
interface Sentence {
  readonly at: number;
  readonly length: number;
  readonly starts: readonly number[];
}

function snakes(token: string): Sentence[] {
  if (!token.includes('_')) return [];
  return Array.from(token.matchAll(SNAKE), ({ 0: { length }, index }) => {
    const starts = [0];
    for (let at = 0; at < length; at++) if (token[index + at] === '_') starts.push(at + 1);
    return { at: index, length, starts };
  });
}

function runs(token: string): Sentence[] {
  if (token.length < RUN_CHARS_MIN) return [];
  return Array.from(token.matchAll(RUN)).flatMap(({ 0: run, index }) => {
    const starts = wordStarts(run.toLowerCase());
    return starts ? [{ at: index, length: run.length, starts }] : [];
  });
}

/** Where the words start of which all of a run is made; undefined when it is not made of known words. Time is linear in the run. */
function wordStarts(run: string): number[] | undefined {
  /** For each place that words lead to, the start of the last one; of several, the longest word. */
  const previous = new Int32Array(run.length + 1).fill(-1);
  previous[0] = 0;
  for (let end = 1; end <= run.length; end++) {
    for (let start = Math.max(0, end - WORD_CHARS_MAX); start < end; start++) {
      if ((previous[start] as number) < 0 || !WORDS.has(run.slice(start, end))) continue;
      previous[end] = start;
      break;
    }
  }
  if ((previous[run.length] as number) < 0) return undefined;
  const starts: number[] = [];
  for (let end = run.length; end > 0; end = previous[end] as number) starts.unshift(previous[end] as number);
  return starts;
}
