import { LIMITS } from '../kernel/limits.js';
import { Fields, type Report, readText } from './fields.js';
import type { ContextRule, RulePattern } from './pack.js';
import { type CompiledPattern, compilePattern } from './pattern.js';
import { PatternFault } from './regex-ast.js';
import type { ReadOptions } from './rule-reader.js';
import { createValidator, type Validator } from './validators.js';
import { placeInside, type Tree } from './yaml-tree.js';

/** Keys that refine `pattern` and mean nothing without it. */
const REFINEMENTS = ['min_count', 'keywords', 'validators', 'context', 'score', 'except'];
const CONTEXT_WINDOW_CHARS = 64;
const CONTEXT_RAISE = 0.3;

/** Reads `pattern` and what refines it. */
export function readPattern(fields: Fields, report: Report, options: ReadOptions): RulePattern | undefined {
  const lenient = options.format === 'ancestor';
  const minCount = fields.number('min_count', { min: lenient ? 0 : 1, max: 1_000_000, whole: true }) ?? 1;
  const tree = fields.get('pattern');
  if (tree === undefined) {
    const stray = REFINEMENTS.filter((key) => fields.get(key) !== undefined && !lenient);
    for (const key of stray) report.error(fields.keyPlace(key), `${key} belongs to pattern, and there is none`);
    return undefined;
  }
  const source = readText(tree, report, { what: 'pattern', max: LIMITS.patternCharsMax });
  const compiled = source === undefined ? undefined : compile(source, tree, report, options);
  const context = readContext(fields, report);
  const refined = {
    minCount: Math.max(1, minCount),
    keywords: fields.texts('keywords', { max: 200, chars: 64, minChars: 2 }) ?? [],
    validators: readValidators(fields, report),
    score: fields.number('score', { min: 0, max: 1 }) ?? 1,
    ...(context && { context }),
  };
  return source === undefined || !compiled ? undefined : { source, compiled, ...refined };
}

function compile(source: string, tree: Tree, report: Report, options: ReadOptions): CompiledPattern | undefined {
  try {
    return compilePattern(source, options);
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error;
    report.error(placeInside(tree, error.offset), `pattern: ${error.message}`);
    return undefined;
  }
}

function readContext(fields: Fields, report: Report): ContextRule | undefined {
  const tree = fields.get('context');
  if (!tree) return undefined;
  if (tree.kind === 'list') {
    const words = fields.texts('context', { max: 100, chars: 64, minChars: 2 }) ?? [];
    return { words, windowChars: CONTEXT_WINDOW_CHARS, required: false, alone: false, raise: CONTEXT_RAISE };
  }
  if (tree.kind !== 'map') {
    report.error(tree, 'context must be a list of words, or a mapping with words');
    return undefined;
  }
  const own = new Fields(tree, report, false);
  own.onlyKnown(['words', 'window', 'required', 'alone', 'raise']);
  own.require(['words']);
  const required = own.flag('required') ?? false;
  const alone = own.flag('alone') ?? false;
  if (alone && !required) report.error(own.keyPlace('alone'), 'alone is an exception from required, which is not true');
  return {
    words: own.texts('words', { max: 100, chars: 64, minChars: 2 }) ?? [],
    windowChars: own.number('window', { min: 1, max: 200, whole: true }) ?? CONTEXT_WINDOW_CHARS,
    required,
    alone,
    raise: own.number('raise', { min: 0, max: 1 }) ?? CONTEXT_RAISE,
  };
}

function readValidators(fields: Fields, report: Report): Validator[] {
  return (fields.list('validators', { max: 16 }) ?? []).flatMap((item) => {
    const named = nameAndParameter(item);
    if (!named) {
      report.error(item, 'a validator must be a name, or one name with its parameter, such as entropy: 3.5');
      return [];
    }
    const made = createValidator(named.name, named.parameter);
    if (typeof made !== 'string') return [made];
    report.error(item, made);
    return [];
  });
}

function nameAndParameter(item: Tree) {
  if (item.kind === 'scalar' && typeof item.value === 'string') return { name: item.value, parameter: undefined };
  const entry = item.kind === 'map' && item.entries.length === 1 ? item.entries[0] : undefined;
  if (!entry) return undefined;
  const { key: name, value } = entry;
  if (value.kind === 'scalar') {
    return typeof value.value === 'string' || typeof value.value === 'number'
      ? { name, parameter: value.value }
      : undefined;
  }
  if (value.kind !== 'list') return undefined;
  const texts = value.items.map((part) => (part.kind === 'scalar' ? part.value : undefined));
  return texts.every((text) => typeof text === 'string') ? { name, parameter: texts } : undefined;
}
