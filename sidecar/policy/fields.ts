import { nearest } from '../kernel/nearest.js';
import type { Place, Problem } from './pack.js';
import type { Entry, Tree } from './yaml-tree.js';

/** Collects what is wrong with one file. */
export interface Report {
  error(place: Place, message: string): void;
  warn(place: Place, message: string): void;
}

export function createReport(file: string, problems: Problem[]): Report {
  const add = (severity: Problem['severity'], { line, column }: Place, message: string) =>
    problems.push({ severity, file, line, column, message });
  return {
    error: (place, message) => add('error', place, message),
    warn: (place, message) => add('warning', place, message),
  };
}

/**
 * Reads the entries of one map by name and type. Every reader returns undefined for an absent key, and for a wrong one after
 * reporting it; `lenient` takes null for absent, as the older format does.
 */
export class Fields {
  readonly place: Place;
  private readonly entries: Map<string, Entry>;
  private readonly report: Report;
  private readonly lenient: boolean;

  constructor(tree: Tree & { kind: 'map' }, report: Report, lenient: boolean) {
    this.place = tree;
    this.entries = new Map(tree.entries.map((entry) => [entry.key, entry]));
    this.report = report;
    this.lenient = lenient;
  }

  get(key: string): Tree | undefined {
    const tree = this.entries.get(key)?.value;
    return this.lenient && tree?.kind === 'scalar' && tree.value === null ? undefined : tree;
  }

  keyPlace(key: string): Place {
    return this.entries.get(key)?.keyPlace ?? this.place;
  }

  /** Reports every key that is not in `known`, with the nearest that is; as a warning where such keys may stand. */
  onlyKnown(known: readonly string[]): void {
    for (const { key, keyPlace } of this.entries.values()) {
      if (known.includes(key)) continue;
      const shown = `the key ${JSON.stringify(key.slice(0, 40))} is not known`;
      const close = `the nearest known one is ${JSON.stringify(nearest(key, known))}`;
      if (this.lenient) this.report.warn(keyPlace, `${shown} and has no effect; ${close}`);
      else this.report.error(keyPlace, `${shown}; ${close}`);
    }
  }

  require(keys: readonly string[]): void {
    const missing = keys.filter((key) => this.get(key) === undefined);
    if (missing.length > 0) this.report.error(this.place, `missing: ${missing.join(', ')}`);
  }

  text(key: string, limits: { max: number; min?: number; shape?: RegExp; expected?: string }): string | undefined {
    const tree = this.get(key);
    return tree && readText(tree, this.report, { what: key, ...limits });
  }

  /** Reports a text that is no more than two letters away from one of `usual`, and is none of them. */
  refuseSlips(key: string, usual: readonly string[]): void {
    const tree = this.get(key);
    const value = tree?.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined;
    if (!tree || value === undefined || usual.includes(value.toLowerCase())) return;
    const close = nearest(value, usual, Math.min(2, value.length - 2));
    if (close)
      this.report.error(
        tree,
        `${key} ${JSON.stringify(value)} looks like a slip for ${close}; usual are ${usual.join(', ')}`,
      );
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const tree = this.get(key);
    if (!tree) return undefined;
    const value = allowed.find((candidate) => tree.kind === 'scalar' && tree.value === candidate);
    if (value === undefined) this.report.error(tree, `${key} must be ${allowed.join(' or ')}`);
    return value;
  }

  /** A list of one or more of the words. */
  someOf<T extends string>(key: string, allowed: readonly T[]): readonly T[] | undefined {
    return this.list(key, { max: allowed.length })?.flatMap((item) => {
      const value = allowed.find((candidate) => item.kind === 'scalar' && item.value === candidate);
      if (value === undefined) this.report.error(item, `an entry of ${key} must be ${allowed.join(' or ')}`);
      return value ?? [];
    });
  }

  number(key: string, range: { min: number; max: number; whole?: boolean }): number | undefined {
    const tree = this.get(key);
    if (!tree) return undefined;
    const value = tree.kind === 'scalar' ? tree.value : undefined;
    const fits = typeof value === 'number' && value >= range.min && value <= range.max;
    if (fits && (!range.whole || Number.isSafeInteger(value))) return value;
    const kind = range.whole ? 'a whole number' : 'a number';
    this.report.error(tree, `${key} must be ${kind} from ${range.min} to ${range.max}`);
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const tree = this.get(key);
    if (!tree) return undefined;
    const value = tree.kind === 'scalar' ? tree.value : undefined;
    if (typeof value === 'boolean') return value;
    // YAML 1.1, which the older format's loader reads, has more words for it.
    if (this.lenient && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value)) return /^(yes|on)$/i.test(value);
    this.report.error(tree, `${key} must be true or false`);
    return undefined;
  }

  /** The items of a list. */
  list(key: string, limits: { max: number; min?: number }): readonly Tree[] | undefined {
    const tree = this.get(key);
    if (!tree) return undefined;
    const min = limits.min ?? 1;
    if (tree.kind === 'list' && tree.items.length >= min && tree.items.length <= limits.max) return tree.items;
    this.report.error(tree, `${key} must be a list of ${min} to ${limits.max} entries`);
    return undefined;
  }

  texts(
    key: string,
    limits: { max: number; min?: number; chars: number; minChars?: number },
  ): readonly string[] | undefined {
    return this.list(key, limits)?.flatMap((item) => {
      const text = readText(item, this.report, {
        what: `an entry of ${key}`,
        max: limits.chars,
        min: limits.minChars ?? 1,
      });
      return text === undefined ? [] : [text];
    });
  }
}

/** A string within its bounds, or undefined after reporting what it should have been. */
export function readText(
  tree: Tree,
  report: Report,
  limits: { what: string; max: number; min?: number; shape?: RegExp; expected?: string },
): string | undefined {
  const min = limits.min ?? 1;
  const value = tree.kind === 'scalar' ? tree.value : undefined;
  if (typeof value !== 'string') {
    report.error(tree, `${limits.what} must be a string${typeof value === 'number' ? ' (put it in quotes)' : ''}`);
  } else if (value.length < min || value.length > limits.max) {
    report.error(tree, `${limits.what} must have ${min} to ${limits.max} characters`);
  } else if (limits.shape && !limits.shape.test(value)) {
    report.error(tree, `${limits.what} must be ${limits.expected ?? `like ${limits.shape.source}`}`);
  } else return value;
  return undefined;
}
