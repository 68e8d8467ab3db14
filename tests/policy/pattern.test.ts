import test from 'ava';
import fc from 'fast-check';
import { splitBoundaries } from '../../sidecar/policy/boundary.js';
import { createLazyScan } from '../../sidecar/policy/lazy-scan.js';
import { createLiteralScanner } from '../../sidecar/policy/literal-scan.js';
import { compilePattern } from '../../sidecar/policy/pattern.js';
import { type Dialect, PatternFault } from '../../sidecar/policy/regex-ast.js';
import { backtrackingSteps } from '../../sidecar/policy/regex-cost.js';
import { factsOf } from '../../sidecar/policy/regex-facts.js';
import { parsePattern } from '../../sidecar/policy/regex-parse.js';
import { eachMatch, mayMatch, stretchesFor } from '../../sidecar/policy/windows.js';
import { source, text } from './pattern-generator.js';

/** All matches as strings, in the whole text. */
function matches(source: string, text: string, options: { builtin?: boolean; dialect?: Dialect } = {}): string[] {
  const { matcher } = compilePattern(source, { builtin: options.builtin ?? false, dialect: options.dialect ?? 're2' });
  const found: string[] = [];
  matcher.each(text, 0, text.length, (start, end) => found.push(text.slice(start, end)) > 0);
  return found;
}

const row = test.macro({
  exec: (t, source: string, text: string, expected: readonly string[]) => {
    for (const builtin of [true, false]) t.deepEqual(matches(source, text, { builtin }), [...expected]);
  },
  title: (_, source, text) => `${source} in ${JSON.stringify(text)}`,
});

test(row, 'a+b', 'aab ab b', ['aab', 'ab']);
test(row, '(?i)AbC', 'abc ABC', ['abc', 'ABC']);
test(row, '(?i:a)b', 'Ab AB', ['Ab']);
test(row, 'a(?i)b|c', 'aB C', ['aB', 'C']);
test(row, '(?-i)a', 'aA', ['a']);
test(row, '(?s)a.b', 'a\nb', ['a\nb']);
test(row, 'a.b', 'a\nb', []);
test(row, '(?m)^b$', 'a\nb\nc', ['b']);
test(row, '(?m)^b$', 'a\rb\rc', []);
test(row, '(?x) a b # rest\n c', 'abc', ['abc']);
test(row, 'a(?#comment)b', 'ab', ['ab']);
test(row, '\\Aa\\Z', 'a', ['a']);
test(row, 'a\\z', 'a\n', []);
test(row, 'x{,2}y', 'xxxy', ['xxy']);
test(row, 'a{2,3}?', 'aaaa', ['aa', 'aa']);
test(row, 'a{x', 'a{x', ['a{x']);
test(row, '[]a-]+', 'a-]b', ['a-]']);
test(row, '[A-Za-z-_]+', 'a-_b!', ['a-_b']);
test(row, '[^\\d\\s]+', '1 ab', ['ab']);
test(row, '[[:alpha:]_]+', '1a_b', ['a_b']);
test(row, '\\p{Greek}+', 'abγδ', ['γδ']);
test(row, '\\p{Lu}\\P{Lu}', 'aBc', ['Bc']);
test(row, '\\x41\\x{1F600}\\u0042', 'A😀B', ['A😀B']);
test(row, '.', '😀', ['😀']);
test(row, '(?P<n>a)(?<m>b)', 'ab', ['ab']);
test(row, 'x*', 'axxb', ['', 'xx', '', '']);
test(row, '(?<![A-Z])[A-Z]{3}(?![A-Z])', 'ABC ABCD XYZ', ['ABC', 'XYZ']);
test(row, '(?<!\\d)\\d{2}(?!\\d)', '12 123 45', ['12', '45']);
test(row, '(?<!\\d)(?<!\\.)\\d{2}', '.12 34', ['34']);
test(row, '(?<=[ =])\\w+', 'a=b c', ['b', 'c']);
test(row, 'a(?=[\\s"]|$)', 'a" a', ['a', 'a']);
test(row, '(?<!x)a', 'aaxa', ['a', 'a']);
test(row, '(?<![😀])a', '😀a a', ['a']);

test("Python's dialect: Unicode words and spaces, and a dollar before the last line feed", (t) => {
  const python = (source: string, text: string) => matches(source, text, { dialect: 'python' });
  t.deepEqual(python('\\w+', 'naïve 忽略'), ['naïve', '忽略']);
  t.deepEqual(matches('\\w+', 'naïve'), ['na', 've']);
  t.deepEqual(python('a\\sb', 'a\u2009b'), ['a\u2009b']);
  t.is(python('a$', 'a\n').length, 1);
  t.is(python('a$', 'a\n\n').length, 0);
  t.is(matches('a$', 'a\n').length, 0);
});

const fault = test.macro({
  exec: (t, source: string, offset: number, message: RegExp) => {
    const error = t.throws(() => compilePattern(source, { builtin: false, dialect: 're2' }), {
      instanceOf: PatternFault,
    });
    t.is(error.offset, offset);
    t.regex(error.message, message);
  },
  title: (_, source) => `${source} is refused`,
});

test(fault, '(a)\\1', 3, /backreference/);
test(fault, '(?P<n>a)(?P=n)', 8, /backreference/);
test(fault, 'a++', 2, /possessive/);
test(fault, '(?>a)', 0, /atomic/);
test(fault, '(a)(?(1)b)', 3, /conditional/);
test(fault, 'a(?=b)c', 1, /only at the very start or end/);
test(fault, 'a(?!bc)', 1, /one character class/);
test(fault, '(a(?=b))*', 2, /only at the very start or end/);
test(fault, 'a(b', 1, /no closing parenthesis/);
test(fault, 'a)b', 1, /opens nowhere/);
test(fault, 'a[b', 1, /no end/);
test(fault, '[z-a]', 1, /empty/);
test(fault, '*a', 0, /nothing stands before/);
test(fault, 'a**', 2, /repeat of a repeat/);
test(fault, 'a{3,2}', 1, /ends before it begins/);
test(fault, 'a{1001}', 1, /repeats end at 1000/);
test(fault, 'a\\', 1, /backslash ends/);
test(fault, '\\y', 0, /not an escape/);
test(fault, '\\p{Nothing}', 0, /no Unicode category/);
test(fault, '(?L)a', 0, /flag L/);
test(fault, '(?P<n>a)(?P<n>b)', 0, /same name/);
test(fault, '('.repeat(60), 50, /nested deeper/);
test(fault, '(?:(?:a{500}){500}){500}', 0, /too large/);

test('both engines find the same matches', (t) => {
  let fast = 0;
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 4, maxLength: 4 }), (written, texts) => {
      const { matcher } = compilePattern(written, { builtin: true, dialect: 're2' });
      if (matcher.engineFor(100) === 'v8') fast++;
      return texts.every((value) => `${matches(written, value, { builtin: true })}` === `${matches(written, value)}`);
    }),
    { numRuns: 1500 },
  );
  t.true(fast > 300, `${fast} patterns ran on the faster engine`);
});

test('a pattern for whole texts is not tried on a longer one, nor one with a digit on a text without', (t) => {
  const scanner = createLiteralScanner({ literals: [] });
  const maySee = (source: string, value: string) => {
    scanner.scan(value);
    return mayMatch(compilePattern(source, { builtin: true, dialect: 're2' }), value, scanner);
  };
  t.true(maySee('\\A[a-c]{2,4} ?\\z', 'abca '));
  t.false(maySee('\\A[a-c]{2,4} ?\\z', 'abcabc'));
  t.true(maySee('\\A[a-c]{2,4}', 'abcabc'));
  t.true(maySee('x[0-9]', 'x７'));
  t.false(maySee('x[0-9]', 'xy'));
});

test('what is known of a pattern holds for every match, and searching only there loses none', (t) => {
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 4, maxLength: 4 }), fc.boolean(), (written, texts, builtin) => {
      const compiled = compilePattern(written, { builtin, dialect: 're2' });
      const { facts, matcher } = compiled;
      const literals = facts.literals?.every((literal) => literal.length >= 2) ? facts.literals : undefined;
      const signs =
        !literals && facts.literals?.every((literal) => /^[^\p{L}\p{N}\s]$/u.test(literal)) ? facts.literals : [];
      const holds = { literalGroup: literals ? 0 : -1, commonGroup: -1, signs };
      const scanner = createLiteralScanner({ literals: literals ? [literals] : [] });
      for (const part of texts) {
        const value = `${part} ${'.'.repeat(40)}${part}`;
        const whole: number[] = [];
        matcher.each(value, 0, value.length, (start, end) => {
          t.true(end - start >= facts.minLength && end - start <= facts.maxLength);
          const matched = value.slice(start, end).toLowerCase();
          t.true(facts.literals?.some((literal) => matched.includes(literal)) ?? true);
          return whole.push(start, end) > 0;
        });
        scanner.scan(value);
        if (whole.length > 0) t.true(mayMatch(compiled, value, scanner));
        if (whole.length === 0) continue;
        const local: number[] = [];
        const stretches = stretchesFor(compiled, holds, { text: value, scanner, words: createLazyScan(scanner) });
        eachMatch(compiled, { text: value, stretches }, (start, end) => local.push(start, end) > 0);
        t.deepEqual(local, whole);
      }
    }),
    { numRuns: 1500 },
  );
});

test('the literals and numbers of a pattern are found without help', (t) => {
  const known = (written: string) => factsOf(splitBoundaries(parsePattern(written, 're2')).core);
  t.deepEqual(known('\\bAKIA[0-9A-Z]{16}\\b').literals, ['akia']);
  t.is(known('(?i)(?:ignore|disregard) (?:all )?previous').literals?.length, 4);
  t.deepEqual(known('gh[pousr]_\\w{36}').literals, ['gho_', 'ghp_', 'ghr_', 'ghs_', 'ghu_']);
  t.is(known('\\b\\d{3}-\\d{2}-\\d{4}\\b').digits, 9);
  t.is(known('[A-Za-z0-9/+]{40}').tokenRun, 40);
  t.is(known('[a-z]{1,3}').literals, undefined);
});

test('the bound of backtracking tells safe patterns from dangerous ones', (t) => {
  const steps = (written: string) => backtrackingSteps(splitBoundaries(parsePattern(written, 're2')));
  t.true(steps('\\bAKIA[0-9A-Z]{16}\\b') < 100);
  t.true(steps('[a-z0-9._-]{1,64}@[a-z0-9-]{1,63}\\.[a-z]{2,24}') < 10_000);
  t.true(steps('(?:[0-9][ -]?){13,19}') < 1000);
  t.is(steps('a+'), Infinity);
  t.true(steps('(?:a{1,20}){1,20}b') > 1e12);
  t.true(steps('(?:a|a){1,60}b') > 1e12);
  t.true(steps('(?:a?){1,60}a{60}') > 1e12);
  t.true(steps('(?:(?:a|a)|b){1,60}c') > 1e12);
  t.true(steps('(?:ab|a|b){1,60}c') > 1e12);
  t.true(steps('(?:all|any|of the) (?:all|any|of the) x') < 100);
});
