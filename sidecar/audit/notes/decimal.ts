/** A count as ASCII decimal without leading zeros, or undefined. What JavaScript cannot count exactly is none. */
export function countOfDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
