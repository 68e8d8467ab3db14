import fc from 'fast-check';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { takeSteps } from '../../sidecar/kernel/steps.js';
import { BudgetExceeded, WorkBudget } from '../../sidecar/policy/budget.js';
import { createEngine } from '../../sidecar/policy/engine.js';
import type { Pack } from '../../sidecar/policy/pack.js';
import { compilePattern } from '../../sidecar/policy/pattern.js';
import { planOf } from '../../sidecar/policy/rule-plan.js';
import { prepareRules } from '../../sidecar/policy/rule-set.js';
import { segment } from '../policy/inline-pack.js';
import { builtin, DEFAULT_PACKS } from '../policy/packs/builtin-packs.js';
import { source, text } from '../policy/pattern-generator.js';
import { DISGUISES, WORD_DISGUISES } from '../policy/views/disguises.js';
import type { FuzzResult } from './fuzz-result.js';

/** Less work than this says nothing about how long a unit takes. */
const UNITS_TIMED_MIN = 300_000;

/** Inputs of one draw, so that a long run need not hold them all. */
const DRAW = 1000;

function* drawn<T>(arbitrary: fc.Arbitrary<T>, { runs, seed }: { runs: number; seed: number }): Generator<T> {
  for (let done = 0; done < runs; done += DRAW) {
    yield* fc.sample(arbitrary, { numRuns: Math.min(DRAW, runs - done), seed: seed + done });
  }
}

const longer = fc.tuple(text, fc.integer({ min: 1, max: 40 })).map(([part, times]) => part.repeat(times));

/**
 * Generated patterns on generated texts: both engines find the same, and the work that is counted is within what an automaton of
 * so many states can do: linear in the text, but for what each match looks at behind it.
 */
export function fuzzPatterns(options: { runs: number; seed: number }): FuzzResult {
  const failures: string[] = [];
  let matchCount = 0;
  let slowest = { nsPerUnit: 0, shown: '' };
  for (const [written, value] of drawn(fc.tuple(source, longer), options)) {
    const shown = JSON.stringify([written, value]);
    try {
      const { matches, units, ns } = matchesOf(written, value, false);
      const isSlow = units > UNITS_TIMED_MIN && ns / units > slowest.nsPerUnit;
      // Once more: the machine may have been busy with something else.
      const nsPerUnit = isSlow ? Math.min(ns, matchesOf(written, value, false).ns) / units : 0;
      if (nsPerUnit > slowest.nsPerUnit) slowest = { nsPerUnit, shown };
      matchCount += matches.length;
      if (`${matches}` !== `${matchesOf(written, value, true).matches}`)
        failures.push(`the engines differ on ${shown}`);
      if (units > boundOf(written, value, matches.length)) failures.push(`${units} units of work on ${shown}`);
    } catch (error) {
      failures.push(`${shown} throws ${String(error)}`);
    }
  }
  const figures = {
    matches: String(matchCount),
    slowest: `${slowest.nsPerUnit.toFixed(1)} ns a unit, ${slowest.shown.slice(0, 400)}`,
  };
  return { runs: options.runs, failures, figures };
}

function matchesOf(written: string, value: string, isBuiltin: boolean) {
  const { matcher } = compilePattern(written, { builtin: isBuiltin, dialect: 're2' });
  const matches: string[] = [];
  let units = 0;
  const spend = (more: number) => {
    units += more;
  };
  matcher.each(value, 0, value.length, () => true); // the first time it compiles
  const startNs = process.hrtime.bigint();
  matcher.each(value, 0, value.length, (start, end) => matches.push(`${start}-${end}`) > 0, spend);
  return { matches, units, ns: Number(process.hrtime.bigint() - startNs) };
}

/** A pattern of so many characters has at most so many states here: repeats of the generator go to 3, four deep. */
function boundOf(written: string, value: string, matches: number): number {
  const states = written.length * 3 ** 4;
  return 1000 + (value.length + 1) * (matches + 1) * states * 2 * 30;
}

const noise = fc.string({ unit: 'binary', maxLength: 40 });
const hostile = fc
  .tuple(
    fc.constantFrom(
      '4111 ',
      'a@a.',
      'AKIA',
      '\\u0061',
      '%41',
      '&#97;',
      '\u200b',
      '{"a":',
      'aGVs',
      'a b ',
      '-----BEGIN ',
    ),
    fc.integer({ min: 1, max: 300 }),
  )
  .map(([unit, times]) => unit.repeat(times));

/** Generated texts through the rules of the default packs: none throws, none costs more than its length allows. */
export function fuzzTexts(options: { runs: number; seed: number }): FuzzResult {
  const packs = DEFAULT_PACKS.map((name) => builtin(name).pack as Pack);
  const { rules, groups } = takeSteps(prepareRules(packs));
  const engine = takeSteps(createEngine(groups));
  const plan = planOf(rules);
  const found = packs.flatMap((pack) => pack.rules.flatMap(({ examples }) => examples.map((example) => example.text)));
  const known = fc.constantFrom(...found.filter((one) => one.length < 2000));
  const disguise = fc.constantFrom(...Object.values(DISGUISES), ...Object.values(WORD_DISGUISES));
  const disguised = fc.tuple(known, disguise).map(([one, hide]) => hide(one));
  const pieces = fc.array(fc.oneof(noise, hostile, known, disguised), { maxLength: 6 });
  const failures: string[] = [];
  let most = { perUnit: 0, shown: '' };
  for (const value of drawn(pieces, options)) {
    const whole = value.join(' ');
    const shown = JSON.stringify(whole.slice(0, 400));
    const budget = new WorkBudget(LIMITS.judgeWorkMax);
    try {
      const { matches } = engine.match([segment(whole)], plan, budget);
      for (const { prepared, spans } of matches) {
        const isInside = spans.every(({ start, end }) => start >= 0 && start <= end && end <= whole.length);
        const isOrdered = spans.every(({ start }, i) => i === 0 || start >= (spans[i - 1]?.end ?? 0));
        if (!isInside || !isOrdered) failures.push(`${prepared.rule.id} has spans out of place in ${shown}`);
      }
    } catch (error) {
      failures.push(`${error instanceof BudgetExceeded ? 'too much work for' : String(error)} ${shown}`);
    }
    const perUnit = budget.spent / (whole.length + 100);
    if (perUnit > most.perUnit) most = { perUnit, shown };
    if (perUnit > WORK_PER_UNIT_MAX) failures.push(`${perUnit.toFixed(0)} units of work a character for ${shown}`);
  }
  return {
    runs: options.runs,
    failures,
    figures: { 'most work': `${most.perUnit.toFixed(0)} a character, ${most.shown}` },
  };
}

/** The rules of the default packs and the readings of a text are few; so whatever is written, each character costs only so much. */
const WORK_PER_UNIT_MAX = 50_000;
