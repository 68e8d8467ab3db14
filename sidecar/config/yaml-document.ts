import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';

/** A place in a text; both count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** A step from a map or list to what it holds. */
export type PathStep = string | number;

/** A YAML text as plain data: objects without prototype, arrays, text, numbers, booleans, null. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the key of this path stands (for a list item: the item). */
  keyPosition(path: readonly PathStep[]): Position | undefined;
  /** Where the value of this path stands. */
  valuePosition(path: readonly PathStep[]): Position | undefined;
}

/** Why a document is refused, and where. */
export interface YamlProblem extends Position {
  readonly message: string;
}

/** JavaScript gives these names to every object; a file that says them means mischief or a mistake. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Faults that the parser words for programmers. */
const OWN_WORDS: ReadonlyMap<string, string> = new Map([
  ['MULTIPLE_DOCS', 'expected one document, found several'],
  ['RESOURCE_EXHAUSTION', 'nested too deeply'],
]);

/**
 * Reads one YAML 1.2 document of plain data. Refused, with position: several documents, anchors and aliases (a few
 * lines of them can stand for gigabytes), tags, keys that are not text, keys given twice, keys of every object.
 * Keys are compared here, because the parser's own comparison takes quadratic time.
 */
export function readYaml(text: string): YamlDocument | readonly YamlProblem[] {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const tooDeep = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  // What is left unread there has a fault for each bracket that was open.
  const faults = tooDeep ? [tooDeep] : [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return faults.slice(0, LIMITS.problemsMax).map((fault) => ({
      ...positionAt(fault.pos[0]),
      message: OWN_WORDS.get(fault.code) ?? printable(fault.message),
    }));
  }
  const reader = new NodeReader(positionAt);
  const value = reader.read(document.contents, []);
  if (reader.problems.length > 0) return reader.problems;
  return {
    value,
    keyPosition: (path) => reader.keys.get(pathId(path)),
    valuePosition: (path) => reader.values.get(pathId(path)),
  };
}

function pathId(path: readonly PathStep[]): string {
  return JSON.stringify(path);
}

/** Turns syntax nodes into plain data and remembers where each stood. Depth is bounded by the parser (it refuses more). */
class NodeReader {
  readonly problems: YamlProblem[] = [];
  readonly keys = new Map<string, Position>();
  readonly values = new Map<string, Position>();
  readonly #positionAt: (offset: number) => Position;

  constructor(positionAt: (offset: number) => Position) {
    this.#positionAt = positionAt;
  }

  read(node: unknown, path: readonly PathStep[]): unknown {
    if (node === null || node === undefined) return null;
    const at = this.#positionAt((node as Node).range?.[0] ?? 0);
    this.values.set(pathId(path), at);
    if (isAlias(node)) return this.#refuse(at, `alias *${node.source}: write the value out`);
    const { anchor, tag } = node as { anchor?: string; tag?: string };
    if (anchor !== undefined) return this.#refuse(at, `anchor &${anchor}: write the value out`);
    if (tag !== undefined) return this.#refuse(at, `tag ${tag}: tags are not allowed`);
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    if (isMap(node)) return this.#readMap(node.items, path);
    return this.#refuse(at, 'expected plain data');
  }

  #readMap(pairs: readonly unknown[], path: readonly PathStep[]): unknown {
    const object: Record<string, unknown> = Object.create(null);
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const keyNode = pair.key as Node | null;
      const at = this.#positionAt(keyNode?.range?.[0] ?? 0);
      const key = isScalar(keyNode) && typeof keyNode.value === 'string' ? keyNode.value : undefined;
      const refusal = key === undefined ? 'a key must be text' : this.#keyRefusal(key, object);
      if (key === undefined || refusal !== undefined) {
        this.#refuse(at, refusal ?? '');
        continue;
      }
      this.keys.set(pathId([...path, key]), at);
      object[key] = this.read(pair.value, [...path, key]);
    }
    return object;
  }

  #keyRefusal(key: string, object: object): string | undefined {
    if (REFUSED_KEYS.has(key)) return `key "${key}" is not allowed`;
    if (Object.hasOwn(object, key)) return `key "${key}" is given twice`;
    return undefined;
  }

  #refuse(at: Position, message: string): undefined {
    if (this.problems.length < LIMITS.problemsMax) this.problems.push({ ...at, message: printable(message) });
    return undefined;
  }
}
