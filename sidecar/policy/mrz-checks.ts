/** Where a check digit stands in the digits of a document, and what it checks. */
type Check = readonly [from: number, to: number, digitAt: number];

/** ICAO Doc 9303 parts 4, 6 and 7, second line of passports, visas and wide cards: number, birth, expiry. */
const SECOND_LINE: readonly Check[] = [
  [0, 9, 9],
  [13, 19, 19],
  [21, 27, 27],
];
/** ICAO Doc 9303 part 5, first and second line of identity cards joined: number, birth, expiry. */
const TWO_LINES: readonly Check[] = [
  [5, 14, 14],
  [30, 36, 36],
  [38, 44, 44],
];
const CARD_LINE_CHARS = 30;

/**
 * Whether a text is the part of a machine readable zone that bears check digits, and they are right: the second line of a
 * passport, visa or wide card (44 or 36 characters), or the first two of an identity card (30 each, blanks between them).
 */
export function isMachineReadableZone(text: string): boolean {
  const zone = text.replace(/\s/g, '');
  const checks = zone.length === 2 * CARD_LINE_CHARS ? TWO_LINES : SECOND_LINE;
  if (![36, 44, 2 * CARD_LINE_CHARS].includes(zone.length) || !/^[A-Z0-9<]+$/.test(zone)) return false;
  return checks.every(([from, to, digitAt]) => checkDigit(zone.slice(from, to)) === zone[digitAt]);
}

/** Weights 7, 3, 1 over and over; letters count from A = 10, the filler as 0 (ICAO Doc 9303 part 3, 4.9). */
function checkDigit(field: string): string {
  const weights = [7, 3, 1];
  const values = [...field].map((char) => (char === '<' ? 0 : Number.parseInt(char, 36)));
  return String(values.reduce((sum, value, i) => sum + value * (weights[i % 3] as number), 0) % 10);
}
