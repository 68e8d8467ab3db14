import type * as z from 'zod';
import { FIXED_GAP_KINDS, type GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { nearest } from '../kernel/nearest.js';
import { printable } from '../kernel/printable.js';
import { GAPS_DECIDED_ELSEWHERE } from './gap-actions.js';
import { CONFIG_KEYS, configJsonSchema, expectedOf, type SchemaNode } from './keys.js';
import { type ConfigInput, configSchema } from './schema.js';
import type { PathStep } from './yaml-document.js';

/** One reason why a value does not fit the schema. */
export interface SchemaFault {
  readonly path: readonly PathStep[];
  /** The key itself is at fault (unknown), not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/** Given as the parse's own message, so that a message that a schema wrote itself can be told from a default one. */
const NO_OWN_MESSAGE = '\0';
const SHOWN_VALUE_CHARS_MAX = 60;
const ROOT = configJsonSchema();

/** A value checked against the schema: the configuration with defaults filled in, or what is wrong with it. */
export function checkSchema(value: unknown): { readonly input: ConfigInput } | { readonly faults: SchemaFault[] } {
  const parsed = configSchema.safeParse(value, { error: () => NO_OWN_MESSAGE });
  if (parsed.success) return { input: parsed.data };
  const faults: SchemaFault[] = [];
  const seen = new Set<string>();
  for (const issue of parsed.error.issues) {
    // A value of the wrong type fails its bounds too; the first issue of a path says enough.
    const id = JSON.stringify(issue.path.filter((step) => typeof step !== 'symbol'));
    if (seen.has(id) && issue.code !== 'unrecognized_keys') continue;
    seen.add(id);
    faults.push(...faultsOf(issue, value));
  }
  return { faults: faults.slice(0, LIMITS.problemsMax) };
}

function faultsOf(issue: z.core.$ZodIssue, root: unknown): SchemaFault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, LIMITS.problemsMax)
      .map((key) => ({ path: [...path, key], atKey: true, message: unknownKey(path, key) }));
  }
  if (issue.code === 'invalid_key') return [{ path, atKey: true, message: issue.issues[0]?.message ?? 'invalid key' }];
  const message = issue.message === NO_OWN_MESSAGE ? describe(issue, path, root) : printable(issue.message);
  return [{ path, atKey: false, message }];
}

function describe(issue: z.core.$ZodIssue, path: readonly PathStep[], root: unknown): string {
  const isBound = issue.code === 'too_small' || issue.code === 'too_big';
  if (isBound && (issue.origin === 'number' || issue.origin === 'int')) {
    const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    return `expected ${bound}, found ${found(valueAt(root, path))}`;
  }
  if (issue.code === 'too_small') {
    return issue.origin === 'array' ? 'expected at least one entry' : 'expected text, found nothing';
  }
  if (issue.code === 'too_big') {
    return `expected at most ${issue.maximum} ${issue.origin === 'array' ? 'entries' : 'characters'}`;
  }
  return `expected ${expectedOf(nodeAt(path))}, found ${found(valueAt(root, path))}`;
}

function unknownKey(path: readonly PathStep[], key: string): string {
  if (path[0] === 'policy' && path.at(-1) === 'gaps') return unknownGapKind(path, key);
  if (path[0] === 'moderators' && /key|token|secret|password/i.test(key)) {
    return 'no setting holds a secret; put it into a file and name that by keyFile';
  }
  const siblings = Object.keys(nodeAt(path).properties ?? {});
  const lastName = (keyPath: string) => keyPath.slice(keyPath.lastIndexOf('.') + 1);
  const elsewhere = new Map(CONFIG_KEYS.map((known) => [lastName(known.path), known.path]));
  const here = new Map(siblings.map((name) => [name, [...path, name].join('.').replaceAll(/\.(\d+)/g, '[$1]')]));
  // Of two that are equally near the first wins, and of two with one name the last.
  const known = new Map([...here, ...elsewhere, ...here]);
  const close = nearest(key, known.keys());
  return `unknown key; the nearest known one is ${close === undefined ? '' : known.get(close)}`;
}

/** A route has settings of its own with the names that those of the policy have. */
function unknownGapKind(path: readonly PathStep[], kind: string): string {
  if (FIXED_GAP_KINDS.includes(kind as GapKind)) return 'this gap is always denied; it cannot be set';
  const elsewhere = GAPS_DECIDED_ELSEWHERE.get(kind);
  if (elsewhere !== undefined) {
    const setting = elsewhere.replace(/^policy(?=\.)/, path.slice(0, -1).join('.'));
    return `${setting} decides this gap; set that instead`;
  }
  const kinds = nodeAt(['policy', 'gaps']).propertyNames?.enum ?? [];
  return `unknown gap kind; the nearest known one is ${nearest(kind, kinds.map(String))}`;
}

function nodeAt(path: readonly PathStep[]): SchemaNode {
  let node: SchemaNode = ROOT;
  for (const step of path) {
    // What may be null has its keys one level down.
    node = node.anyOf?.find(({ properties }) => properties) ?? node;
    const members = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    node = (typeof step === 'number' ? node.items : (node.properties?.[step] ?? members)) ?? {};
  }
  return node.anyOf?.find(({ properties }) => properties) ?? node;
}

/** What stands at a path; undefined = nothing. */
export function valueAt(root: unknown, path: readonly PathStep[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PathStep, unknown>)[step] : undefined,
    root,
  );
}

function found(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${printable(value.slice(0, SHOWN_VALUE_CHARS_MAX))}"`;
  return typeof value === 'object' ? 'keys' : String(value);
}
