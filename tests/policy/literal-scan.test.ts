import test from 'ava';
import fc from 'fast-check';
import { createLiteralScanner, createLiteralScannerSteps } from '../../sidecar/policy/literal-scan.js';
import { CHUNK_UNITS } from '../../sidecar/policy/sweep.js';

const literal = fc.stringMatching(/^[abAé忽-]{2,5}$/);
const groups = fc.array(fc.array(literal, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
const text = fc.stringMatching(/^[abAB é忽-]{0,40}$/);
const lower = (value: string) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

test('the scan finds every occurrence of every literal that a plain search finds, and no other', (t) => {
  fc.assert(
    fc.property(groups, fc.array(text, { maxLength: 3 }), (sets, texts) => {
      const wholeWords = new Set(sets.map((_, group) => sets.length + group));
      const scanner = createLiteralScanner({ literals: [...sets, ...sets], wholeWords });
      for (const value of texts) {
        scanner.scan(value);
        [...sets, ...sets].forEach((set, group) => {
          const expected = occurrences(lower(value), new Set(set.map(lower)), wholeWords.has(group));
          t.deepEqual(scanner.endsOf(group), expected);
          t.is(scanner.has(group), expected.length > 0);
        });
      }
    }),
    { numRuns: 500 },
  );
});

function occurrences(value: string, literals: ReadonlySet<string>, wholeWords: boolean): number[] {
  const ends: number[] = [];
  for (const wanted of literals) {
    for (let at = value.indexOf(wanted); at >= 0; at = value.indexOf(wanted, at + 1)) {
      const end = at + wanted.length;
      const isInside = [at, end].some((edge) => /[a-z]{2}/.test(value.slice(Math.max(0, edge - 1), edge + 1)));
      if (!wholeWords || !isInside) ends.push(end);
    }
  }
  return ends.sort((a, b) => a - b);
}

test('literals are found in full-width letters too', (t) => {
  const scanner = createLiteralScanner({ literals: [['akia']] });
  scanner.scan('ＡＫＩＡ');
  t.true(scanner.has(0));
  t.true(scanner.foldable);
});

test('numbers and tokens are found with their places', (t) => {
  const scanner = createLiteralScanner({ literals: [] });
  scanner.scan('call +1 (212) 555-0199 or 42, token abcdefghijklmnop/1 end');
  t.deepEqual(scanner.numbers.atLeast(11), [[4, 23]]);
  t.false(scanner.numbers.has(12));
  t.deepEqual(scanner.tokens.atLeast(18), [[36, 54]]);
  t.false(scanner.tokens.has(19));
});

test('runs of number characters are found as a plain search finds them, whatever chunks they lie in', (t) => {
  const piece = fc.constantFrom('12', '(', ' - ', '7', 'word', 'x', '+', '123456', ' '.repeat(70));
  const pieces = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
  const before = fc.integer({ min: CHUNK_UNITS - 40, max: CHUNK_UNITS + 10 });
  const filler = fc.constantFrom('a', ' ', '-');
  fc.assert(
    fc.property(before, filler, pieces, before, filler, pieces, (one, fill, first, two, other, second) => {
      const value = fill.repeat(one) + first + other.repeat(two) + second;
      const scanner = createLiteralScanner({ literals: [] });
      scanner.scan(value);
      const runs = [...value.matchAll(/[ #()+,\-./0-9:]+/g)].filter(([run]) => run.replace(/\D/g, '').length >= 4);
      t.deepEqual(
        scanner.numbers.atLeast(4),
        runs.map(({ 0: run, index }) => [index, index + run.length]),
      );
    }),
    { numRuns: 200 },
  );
});

test('more occurrences than are kept count as everywhere', (t) => {
  const scanner = createLiteralScanner({ literals: [['ab']] });
  scanner.scan('ab '.repeat(5000));
  t.is(scanner.endsOf(0), undefined);
  scanner.scan('ab');
  t.deepEqual(scanner.endsOf(0), [2]);
});

test('many literals are indexed in many steps', (t) => {
  const literals = Array.from({ length: 20_000 }, (_, i) => [`word${i.toString(36)}s`]);
  const steps = createLiteralScannerSteps({ literals });
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count++;
  t.true(count > literals.length / 64, String(count));
  step.value.scan('a text with wordabcs in it');
  t.deepEqual([...step.value.groups], [Number.parseInt('abc', 36)]);
});
