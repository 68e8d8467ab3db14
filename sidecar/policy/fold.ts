/** Quotation marks, hyphens, dashes and the minus sign (Unicode 6.2), as word processors write them. */
const TYPOGRAPHIC: readonly (readonly [ascii: string, typographic: string])[] = [
  ["'", '\u2018\u2019\u201a\u201b\u2032'],
  ['"', '\u201c\u201d\u201e\u201f\u2033'],
  ['-', '\u2010\u2011\u2012\u2013\u2014\u2015\u2212'],
];

/**
 * Folding that keeps every offset: a UTF-16 unit becomes the one ASCII unit that Unicode calls its compatibility
 * equivalent (NFKC: full-width forms, non-breaking and wide spaces), the ASCII digit of the same value (Nd), or the
 * quotation mark or hyphen that typewriters have for it. So a card number in full-width digits is the same text as in ASCII, and no offset map is needed.
 */
const FOLDED: ReadonlyMap<number, number> = buildFolds();

/** The unit that `unit` counts as; itself when it is not folded. */
export function foldUnit(unit: number): number {
  return unit < 0x80 ? unit : (FOLDED.get(unit) ?? unit);
}

/**
 * The lower case of a unit, where that is one unit as well: what upper and lower case of a letter are compared as. By way of the
 * upper case, so that the two small sigmas are one. No letter beyond ASCII becomes one of ASCII.
 */
export function lowerUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
  const char = String.fromCharCode(unit);
  const upper = char.toUpperCase();
  const lower = (upper.length === 1 ? upper : char).toLowerCase();
  return lower.length === 1 && lower.charCodeAt(0) >= 0x80 ? lower.charCodeAt(0) : unit;
}

/** Every folded unit with what it becomes. */
export function folds(): ReadonlyMap<number, number> {
  return FOLDED;
}

/** For every UTF-16 unit the unit that it counts as. */
const UNITS = Uint16Array.from({ length: 0x10000 }, (_, unit) => foldUnit(unit));
const CHUNK_UNITS = 8192;
const mapped = new Uint16Array(CHUNK_UNITS);
/** As bytes, little-endian as on every platform that Node runs on. */
const mappedBytes = Buffer.from(mapped.buffer);

/** The text with every unit folded; same length. */
export function foldText(text: string): string {
  return mapUnits(text, UNITS);
}

/** The text with what `table` has for each of its units. */
export function mapUnits(text: string, table: Uint16Array): string {
  let out = '';
  for (let from = 0; from < text.length; from += CHUNK_UNITS) {
    const count = Math.min(CHUNK_UNITS, text.length - from);
    for (let i = 0; i < count; i++) mapped[i] = table[text.charCodeAt(from + i)] as number;
    out += mappedBytes.toString('utf16le', 0, count * 2);
  }
  return out;
}

function buildFolds(): Map<number, number> {
  const map = new Map<number, number>();
  for (const [ascii, typographic] of TYPOGRAPHIC) {
    for (const mark of typographic) map.set(mark.charCodeAt(0), ascii.charCodeAt(0));
  }
  for (let unit = 0x80; unit <= 0xffff; unit++) {
    if (unit >= 0x3400 && unit < 0xa000) unit = 0xa000; // ideographs: none folds
    if (unit >= 0xac00 && unit < 0xf900) unit = 0xf900; // Hangul syllables, surrogates, private use: none folds
    const char = String.fromCharCode(unit);
    const compatible = char.normalize('NFKC');
    if (compatible.length === 1 && compatible.charCodeAt(0) < 0x80) map.set(unit, compatible.charCodeAt(0));
    else if (/\p{Nd}/u.test(char)) map.set(unit, 0x30 + digitValue(unit));
  }
  return map;
}

/** Decimal digits come in aligned runs of ten (Unicode 4.6), so the value is the distance from the run's start. */
function digitValue(unit: number): number {
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCharCode(unit - value - 1))) value++;
  return value % 10;
}
