import * as z from 'zod';
import { configSchema } from './schema.js';

/** The part of JSON Schema that our schema uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly propertyNames?: SchemaNode;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly 'x-reload'?: 'live' | 'restart';
  /** No variable and no flag sets it. */
  readonly 'x-file-only'?: true;
}

/** One setting. */
export interface ConfigKey {
  /** Key path in the file: `listen.data`. */
  readonly path: string;
  /** Environment variable by the one rule: `JIMINI_LISTEN_DATA`. Absent for what only the file can say: maps, and what is thrown for a time. */
  readonly variable?: string;
  /** Flag by the same rule: `--listen-data`. Absent where `variable` is. */
  readonly flag?: string;
  readonly node: SchemaNode;
}

/** The configuration file as JSON Schema (draft 2020-12), as `jimini config schema` prints it. */
export function configJsonSchema(): SchemaNode {
  return z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
}

/** The settings below a schema node, in the order of the schema. */
export function keysOf(node: SchemaNode, path: readonly string[] = []): readonly ConfigKey[] {
  if (!node.properties) return [keyAt(path, node)];
  return Object.entries(node.properties).flatMap(([name, child]) => keysOf(child, [...path, name]));
}

/** Every setting of this version. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configJsonSchema());

/** Upper snake case of a key path: `listen.allowPlaintext` becomes `JIMINI_LISTEN_ALLOW_PLAINTEXT`. */
export function variableOf(path: string): string {
  return `JIMINI_${wordsOf(path).join('_').toUpperCase()}`;
}

function keyAt(segments: readonly string[], node: SchemaNode): ConfigKey {
  const path = segments.join('.');
  if (node.type === 'object' || node['x-file-only']) return { path, node };
  return { path, node, variable: variableOf(path), flag: `--${wordsOf(path).join('-')}` };
}

function wordsOf(path: string): string[] {
  return path.split('.').flatMap((name) =>
    name
      .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      .split('-')
      .filter((word) => word !== ''),
  );
}

/** What a setting takes, in words: `true or false`, `one of deny, flag, allow`, `a list of text`. */
export function expectedOf(node: SchemaNode): string {
  if (node.anyOf)
    return node.anyOf
      .filter(({ type }) => type !== 'null')
      .map(expectedOf)
      .join(', ');
  if (node.const !== undefined) return String(node.const);
  if (node.enum) return node.enum.length === 1 ? String(node.enum[0]) : `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return 'a whole number';
    case 'array':
      if (node.items?.properties) return `a list of ${expectedOf(node.items)}`;
      return node.items?.enum ? `a list of ${node.items.enum.join(', ')}` : 'a list of text';
    case 'object':
      return node.properties ? `keys (${Object.keys(node.properties).join(', ')})` : 'keys with values';
    default:
      return 'text';
  }
}
