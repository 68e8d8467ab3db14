/** Whether a value, without its separators and in upper case, is a number of one kind. */
export type IdCheck = (text: string) => boolean;

/** Sum of digits, each times its weight, from the first on; digits beyond the weights do not count. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);
}

/** Luhn's formula (ISO/IEC 7812-1, annex B): every second digit from the right but one is doubled, its digits added. */
export function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0;
}
