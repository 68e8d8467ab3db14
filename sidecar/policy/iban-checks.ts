import validator from 'validator';

/**
 * IBAN lengths of countries that the library does not know, or whose account it takes for digits only where the registry
 * has letters too (AZ, BY, PK). SWIFT IBAN registry; those without an entry there as their central banks publish them.
 */
const MORE_LENGTHS: ReadonlyMap<string, number> = new Map(
  [
    { length: 18, countries: ['FK', 'SD'] },
    { length: 20, countries: ['MN'] },
    { length: 24, countries: ['PK'] },
    { length: 23, countries: ['OM', 'SO'] },
    { length: 25, countries: ['AO', 'CV', 'GW', 'LY', 'ST'] },
    { length: 27, countries: ['BI', 'CF', 'CG', 'CM', 'DJ', 'GA', 'GQ', 'KM', 'MG', 'TD'] },
    { length: 28, countries: ['AZ', 'BF', 'BJ', 'BY', 'CI', 'HN', 'ML', 'NE', 'NI', 'SN', 'TG'] },
    { length: 30, countries: ['YE'] },
    { length: 33, countries: ['RU'] },
  ].flatMap(({ length, countries }) => countries.map((country) => [country, length] as const)),
);

/** The longest IBAN has nine groups of four; a few more where somebody groups otherwise. */
const GROUPS_MAX = 14;

/**
 * Whether a text is an IBAN (ISO 13616-1): country, its length and structure, mod-97. In print the groups of what follows
 * look like more of it, so further groups may follow a whole one.
 */
export function isIban(text: string): boolean {
  const groups = text.toUpperCase().split(/[\s-]+/, GROUPS_MAX);
  return groups.some((_, last) => isCompactIban(groups.slice(0, last + 1).join('')));
}

function isCompactIban(text: string): boolean {
  if (validator.isIBAN(text)) return true;
  if (MORE_LENGTHS.get(text.slice(0, 2)) !== text.length || !/^[A-Z]{2}[0-9]{2}[A-Z0-9]+$/.test(text)) return false;
  return mod97(text.slice(4) + text.slice(0, 4)) === 1;
}

/** ISO/IEC 7064 mod 97-10, letters counted from A = 10. */
function mod97(text: string): number {
  let rest = 0;
  for (const char of text) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
