import { parse } from 'yaml';
import { z } from 'zod';

const FILE = z.object({
  structured_pii: z.array(z.string()),
  entities: z.record(z.string(), z.array(z.string())),
});

/** Which rules stand for what a set of cases names; rules are `pack/ID`. */
export interface Claims {
  /** Rules that stand for the entity; empty: no rule claims to know it. */
  rulesFor(entity: string): ReadonlySet<string>;
  /** Whether the rule finds e-mail addresses, phone numbers, IP addresses or numbered identifiers. */
  isStructuredPii(rule: string): boolean;
  /** Patterns that name no rule: a rule was renamed, or the pattern is misspelt. */
  readonly dead: readonly string[];
}

/** Reads the text of entities.yaml for a policy with these rules. An exact name comes before a prefix, a long prefix before a short one. */
export function readClaims(text: string, rules: readonly string[]): Claims {
  const file = FILE.parse(parse(text));
  const prefixes = Object.keys(file.entities)
    .filter((name) => name.endsWith('*'))
    .sort((a, b) => b.length - a.length);
  const known = new Map<string, ReadonlySet<string>>();
  const find = (entity: string) => {
    const key = Object.hasOwn(file.entities, entity)
      ? entity
      : prefixes.find((prefix) => entity.startsWith(prefix.slice(0, -1)));
    return new Set(key === undefined ? [] : named(file.entities[key] ?? [], rules));
  };
  const structured = new Set(named(file.structured_pii, rules));
  const patterns = [...file.structured_pii, ...Object.values(file.entities).flat()];
  return {
    rulesFor(entity) {
      const found = known.get(entity) ?? find(entity);
      known.set(entity, found);
      return found;
    },
    isStructuredPii: (rule) => structured.has(rule),
    dead: [...new Set(patterns)].filter((pattern) => named([pattern.replace(/^!/, '')], rules).length === 0),
  };
}

/** Rules that one of the patterns names and none that starts with `!` takes back. */
function named(patterns: readonly string[], rules: readonly string[]): string[] {
  const takenBack = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => globOf(pattern.slice(1)));
  const given = patterns.filter((pattern) => !pattern.startsWith('!')).map(globOf);
  return rules.filter((rule) => given.some((glob) => glob.test(rule)) && !takenBack.some((glob) => glob.test(rule)));
}

/** A text in which `*` stands for anything, as an expression for the whole of another. */
export function globOf(pattern: string): RegExp {
  const literal = (text: string) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  return new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`, 's');
}
