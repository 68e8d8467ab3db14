import { BIRTH_NUMBERS_EUROPE } from './birth-numbers-europe.js';
import { BIRTH_NUMBERS_WORLD } from './birth-numbers-world.js';
import { CHECK_DIGITS } from './check-digits.js';
import { LIBRARY_CHECKS } from './library.js';
import { TRADE_CODES } from './trade-codes.js';
import { VAT_NUMBERS } from './vat.js';
import { WALLETS } from './wallets.js';
import type { IdCheck } from './weights.js';

/** Kinds of number whose separators and case say nothing. */
const NUMBERS = new Map(
  Object.entries({
    ...LIBRARY_CHECKS,
    ...BIRTH_NUMBERS_EUROPE,
    ...BIRTH_NUMBERS_WORLD,
    ...CHECK_DIGITS,
    ...TRADE_CODES,
    ...VAT_NUMBERS,
  }),
);
const ADDRESSES = new Map(Object.entries(WALLETS));

/** Names of all kinds of identifier that can be checked: `country.number`, or the name of a thing. */
export const IDENTIFIER_NAMES: readonly string[] = [...NUMBERS.keys(), ...ADDRESSES.keys()].sort();

/** The check of a kind of identifier, for a text as it was written; undefined for an unknown name. */
export function identifierCheck(name: string): IdCheck | undefined {
  const address = ADDRESSES.get(name);
  if (address) return address;
  const check = NUMBERS.get(name);
  return check && ((text) => isNumber(check, withoutSeparators(text)));
}

/** One digit repeated passes many checks and is nobody's number. */
function isNumber(check: IdCheck, text: string): boolean {
  return !/^(\d)\1*$/.test(text) && check(text);
}

function withoutSeparators(text: string): string {
  return text.toUpperCase().replace(/[\s.,/()[\]-]/g, '');
}
