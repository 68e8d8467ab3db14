import type { PreparedRule } from './prepared-rule.js';

/** Which rules were tried on the text that is judged. No Set: to clear one makes a new table for every text. */
export interface TriedRules {
  /** Another text is judged: none was tried on it. */
  begin(): void;
  /** Whether the rule was not tried yet; it is from now on. */
  isFirst(rule: PreparedRule): boolean;
}

export function createTriedRules(): TriedRules {
  /** By index of a rule: the number of the text that it was tried on last. */
  const texts: number[] = [];
  let current = 0;
  return {
    begin() {
      current += 1;
    },
    isFirst({ index }) {
      while (texts.length <= index) texts.push(0);
      if (texts[index] === current) return false;
      texts[index] = current;
      return true;
    },
  };
}
