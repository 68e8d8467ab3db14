import type { Role, Segment } from '../kernel/evaluation.js';
import { ownText } from '../kernel/own-memory.js';
import type { WorkBudget } from './budget.js';
import type { RulePlan } from './rule-plan.js';

/** Longer texts are judged each time: they repeat less often, and what is kept stays small. */
const TEXT_CHARS_MAX = 64;
/** Texts kept of one evaluation. */
const TEXTS_KEPT = 8192;
/** A word of an API is no longer. */
const WORD_CHARS_MAX = 32;
/** Words kept from one evaluation to the next, under each plan: more than all that the public APIs use together. */
const WORDS_KEPT = 512;
/** Members of requests whose values are words of APIs, beside the names of all members. */
const WORD_PLACE = /(?:#|\/(?:role|type|model))$/;
const WORD = /^[\w.-]+$/;

/**
 * Short texts in which no pattern matched, so that they need not be judged again: half of the texts of a conversation are names
 * of members, roles and types. Such words of APIs are remembered beyond the evaluation, with memory of their own, so that nothing
 * of the body around them stays; values that people write are not. Who invents names only has them forgotten sooner. An
 * evaluation is charged for each of its texts once, as if nothing was remembered, so that its budget depends on nothing else.
 */
export interface PlainTexts {
  /** Another evaluation begins, and with it another count. */
  begin(plan: RulePlan, budget: WorkBudget): void;
  /** It is over: what was kept for it alone is let go of. */
  end(): void;
  /** Whether the same text was judged before, by a speaker of the same role, under names that make no difference. */
  has(segment: Segment, names: () => string): boolean;
  /** Keeps a text in which no pattern matched. `names`: those that it was judged by; undefined = by none. `work`: what judging it took. */
  keep(segment: Segment, names: string | undefined, work: number): void;
}

/** What judging a text took, and the evaluation that was charged for it last. */
interface Plain {
  readonly work: number;
  evaluation: number;
}

/** By role and text, and by the names under which a text is plain; under whatever names: one for all. */
interface Memory {
  readonly byRole: Map<Role, Map<string, Plain | Map<string, Plain>>>;
  count: number;
}

/** Nothing is kept yet. */
export function createPlainTexts(): PlainTexts {
  const wordsUnder = new WeakMap<RulePlan, Memory>();
  let evaluation = 0;
  let budget: WorkBudget;
  let words = emptyMemory();
  let texts = emptyMemory();
  let kept = 0;
  const charge = (plain: Plain) => {
    if (plain.evaluation === evaluation) return;
    budget.spend(plain.work);
    if (kept >= TEXTS_KEPT) return;
    kept++;
    plain.evaluation = evaluation;
  };
  const forgetTexts = () => {
    if (texts.count > 0) texts = emptyMemory();
  };
  return {
    begin(plan, ofEvaluation) {
      evaluation++;
      budget = ofEvaluation;
      kept = 0;
      forgetTexts();
      const known = wordsUnder.get(plan);
      words = known && known.count < WORDS_KEPT ? known : emptyMemory();
      if (words !== known) wordsUnder.set(plan, words);
    },
    end: forgetTexts,
    has(segment, names) {
      if (segment.text.length > TEXT_CHARS_MAX) return false;
      const plain = lookUp(words, segment, names) ?? (texts.count > 0 ? lookUp(texts, segment, names) : undefined);
      if (plain) charge(plain);
      return plain !== undefined;
    },
    keep(segment, names, work) {
      if (segment.text.length > TEXT_CHARS_MAX || kept >= TEXTS_KEPT) return;
      kept++;
      const { text, role } = segment;
      if (words.count < WORDS_KEPT && isWord(segment)) add(words, ownText(text), role, names, { work, evaluation });
      else add(texts, text, role, names, { work, evaluation });
    },
  };
}

function emptyMemory(): Memory {
  return { byRole: new Map(), count: 0 };
}

function isWord({ text, pointer }: Segment): boolean {
  return text.length <= WORD_CHARS_MAX && WORD_PLACE.test(pointer) && WORD.test(text);
}

function lookUp({ byRole }: Memory, { text, role }: Segment, names: () => string): Plain | undefined {
  const found = byRole.get(role)?.get(text);
  return found instanceof Map ? found.get(names()) : found;
}

function add(memory: Memory, text: string, role: Role, names: string | undefined, plain: Plain): void {
  memory.count++;
  const texts = memory.byRole.get(role) ?? new Map<string, Plain | Map<string, Plain>>();
  memory.byRole.set(role, texts);
  const under = texts.get(text);
  if (names === undefined) texts.set(text, plain);
  else if (under instanceof Map) under.set(names, plain);
  else texts.set(text, new Map([[names, plain]]));
}
