/** Steps of a linear congruential generator (Numerical Recipes): the same rules on every machine. */
const MULTIPLIER = 1664525;
const INCREMENT = 1013904223;

const ONSETS = ['b', 'd', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'st', 'tr', 'pl'];
const VOWELS = ['a', 'e', 'i', 'o', 'u'];
const CODAS = ['', '', 'n', 'r', 's', 'l', 't'];

/** What the generated rules look for, in turn: a token after a prefix, a number after a word, a digest, a phrase. */
const SHAPES = [
  {
    pattern: (word: string) => `\\b${word}_[A-Za-z0-9]{20,40}\\b`,
    match: (word: string) => `${word}_N0tAR3alT0kenOfAny0ne`,
  },
  {
    pattern: (word: string) => `(?i)\\b${word}(?: no\\.?| number)?[ :=]{1,3}(?P<value>[0-9]{6,12})\\b`,
    match: (word: string) => `${word} number: 20450719`,
  },
  {
    pattern: (word: string) => `\\b${word}-[0-9a-f]{32}(?![0-9a-f])`,
    match: (word: string) => `${word}-${'0123456789abcdef'.repeat(2)}`,
  },
  {
    pattern: (word: string) => `(?i)\\b(?:the |a )?${word} (?:project|account|order)s?\\b`,
    match: (word: string) => `write about the ${word} project`,
  },
] as const;

export interface GeneratedPackOptions {
  readonly name: string;
  readonly rules: number;
  /** Other words, and so other literals, for another seed. */
  readonly seed: number;
}

/**
 * A full pack as its YAML text: rules that each look for a word of its own, made of syllables so that its letters are as
 * frequent as those of real words, with six examples each. The same options give the same text.
 */
export function generatedPack({ name, rules, seed }: GeneratedPackOptions): string {
  let state = seed >>> 0;
  const pick = <T>(from: readonly T[]): T => {
    state = (Math.imul(state, MULTIPLIER) + INCREMENT) >>> 0;
    return from[(state >>> 16) % from.length] as T;
  };
  const word = () =>
    Array.from({ length: 3 }, () => pick(ONSETS) + pick(VOWELS) + pick(CODAS)).join('') + pick(ONSETS) + pick(VOWELS);
  const words = new Set<string>();
  while (words.size < rules) words.add(word());
  const lines = [...words].map((literal, i) => `  - ${JSON.stringify(ruleOf(literal, i))}`);
  return `name: ${name}\nversion: "1"\ndescription: ${rules} generated rules.\nrules:\n${lines.join('\n')}\n`;
}

function ruleOf(word: string, index: number) {
  const { pattern, match } = SHAPES[index % SHAPES.length] as (typeof SHAPES)[number];
  const found = match(word);
  return {
    id: `GEN-${index}`,
    title: `Generated rule ${index}`,
    severity: 'low',
    action: 'flag',
    pattern: pattern(word),
    tags: ['owasp-llm:LLM02'],
    examples: {
      match: [found, `before ${found} after`, `(${found})`],
      no_match: [word, found.replaceAll(word, 'other'), found.slice(0, found.indexOf(word) + 4)],
    },
  };
}
