const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether somebody whose number is in use can have been born on this day. There is no clock here (a judgement must come
 * out the same on every day), so a day to come counts too.
 */
export function isBirthday(year: number, month: number, day: number): boolean {
  if (year < 1800 || year > 2099 || day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** Whether the day is one of the 20th or of the 21st century, for numbers that give two digits of the year. */
export function isBirthdayOfAnyCentury(year: number, month: number, day: number): boolean {
  return isBirthday(1900 + year, month, day) || isBirthday(2000 + year, month, day);
}

/** The two-digit numbers that a text begins with, from `from` on. */
export function pairsAt(text: string, from: number): [number, number, number] {
  const pair = (at: number) => Number(text.slice(at, at + 2));
  return [pair(from), pair(from + 2), pair(from + 4)];
}
