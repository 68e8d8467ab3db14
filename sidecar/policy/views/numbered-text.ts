import type { RunList } from '../run-list.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Digits of the shortest text in numbers that is looked for: twelve characters of two digits. */
const DIGITS_MIN = 24;
/** A shorter list of such numbers is one of ages, or a date. */
const CHARACTERS_MIN = 12;
const NONE: readonly MappedText[] = [];
const NUMBER = /\d+/g;
const BITS = /^(?:[01]{8})+$/;

/** The texts that are written as numbers of their ASCII characters: `73,103,110` or `01001001 01100111`. */
export function textsInNumbers(text: string, numbers: RunList): readonly MappedText[] {
  if (!numbers.has(DIGITS_MIN)) return NONE;
  const found: MappedText[] = [];
  // Of a text with too many runs to keep, all is looked at as one.
  const runs = numbers.atLeast(DIGITS_MIN) ?? [[0, text.length] as const];
  for (const [from, to] of runs) found.push(...textsIn(text.slice(from, to), from));
  return found;
}

function textsIn(run: string, index: number): MappedText[] {
  const found: MappedText[] = [];
  let out = new MappedTextWriter(64);
  let [count, lastEnd] = [0, 0];
  const end = () => {
    if (count >= CHARACTERS_MIN) found.push(out.finish());
    if (count > 0) out = new MappedTextWriter(64);
    count = 0;
  };
  for (const { 0: digits, index: at } of run.matchAll(NUMBER)) {
    if (at - lastEnd > 3) end();
    lastEnd = at + digits.length;
    const codes = codesOf(digits);
    if (codes === undefined) {
      end();
      continue;
    }
    const width = digits.length / codes.length;
    for (const [i, code] of codes.entries()) {
      out.write(String.fromCharCode(code), index + at + i * width, index + at + (i + 1) * width);
    }
    count += codes.length;
  }
  end();
  return found;
}

/** The characters that one number stands for; undefined for none. */
function codesOf(digits: string): readonly number[] | undefined {
  if (BITS.test(digits)) {
    const codes = Array.from({ length: digits.length / 8 }, (_, i) =>
      Number.parseInt(digits.slice(i * 8, i * 8 + 8), 2),
    );
    return codes.every(isPrintable) ? codes : undefined;
  }
  const code = digits.length <= 3 ? Number(digits) : 0;
  return isPrintable(code) ? [code] : undefined;
}

function isPrintable(code: number): boolean {
  return (code >= 0x20 && code < 0x7f) || code === 9 || code === 10 || code === 13;
}
