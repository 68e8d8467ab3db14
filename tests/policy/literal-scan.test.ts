import test from 'ava';
import fc from 'fast-check';
import { createLiteralScanner, createLiteralScannerSteps } from '../../sidecar/policy/literal-scan.js';

const literal = fc.stringMatching(/^[abAé忽-]{2,5}$/);
const groups = fc.array(fc.array(literal, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
const text = fc.stringMatching(/^[abAB é忽-]{0,40}$/);
const lower = (value: string) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

test('the scan finds every occurrence of every literal that a plain search finds, and no other', (t) => {
  fc.assert(
    fc.property(groups, fc.array(text, { maxLength: 3 }), (sets, texts) => {
      const scanner = createLiteralScanner({ literals: sets });
      for (const value of texts) {
        scanner.scan(value);
        sets.forEach((set, group) => {
          const expected = occurrences(lower(value), new Set(set.map(lower)));
          t.deepEqual(scanner.endsOf(group), expected);
          t.is(scanner.has(group), expected.length > 0);
        });
      }
    }),
    { numRuns: 500 },
  );
});

function occurrences(value: string, literals: ReadonlySet<string>): number[] {
  const ends: number[] = [];
  for (const wanted of literals) {
    for (let at = value.indexOf(wanted); at >= 0; at = value.indexOf(wanted, at + 1)) ends.push(at + wanted.length);
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
