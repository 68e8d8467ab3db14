/** Prints one line of a result: a label and what was measured. */
export function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(18)}${text}\n`);
}

/** Milliseconds with two decimals. */
export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}
