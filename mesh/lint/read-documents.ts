import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { printable } from '../../sidecar/kernel/printable.js';
import type { Field, Place, TextPlace, Tree } from './tree.js';

/** Why a text cannot be read. */
export interface ReadFault extends Place {
  readonly message: string;
}

/** The documents of a text, and what is wrong with those that are missing. */
export interface Documents {
  readonly trees: readonly Tree[];
  readonly faults: readonly ReadFault[];
}

/**
 * Reads all YAML documents of a text (JSON is YAML) with their places. Anchors, aliases and merge keys are resolved, keys that
 * Envoy is told to ignore (`!ignore`) left out. Depth, and the number of values with aliases multiplied out, are bounded.
 */
export function readDocuments(text: string, budget: NodeBudget, textPlace: TextPlace = (place) => place): Documents {
  const lines = new LineCounter();
  const places: Places = (offset) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return textPlace({ line: Math.max(1, line), column: Math.max(1, col) });
  };
  const trees: Tree[] = [];
  const faults: ReadFault[] = [];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    for (const document of Array.isArray(parsed) ? parsed : []) {
      const read = readDocument(text, document, places, budget);
      if (read === undefined) continue;
      if (budget.nodes < 0 && faults.length > 0) break;
      if ('kind' in read) trees.push(read);
      else faults.push(read);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The parser recurses.
    faults.push({ ...places(0), message: TOO_DEEP });
  }
  return { trees, faults };
}

const TOO_DEEP = `nested deeper than ${LIMITS.meshDepthMax} levels`;

function readDocument(
  text: string,
  document: Document.Parsed,
  places: Places,
  budget: NodeBudget,
): Tree | ReadFault | undefined {
  const [fault] = document.errors;
  if (fault) {
    const message = fault.code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : `not YAML: ${printable(fault.message)}`;
    return { ...places(fault.pos[0]), message };
  }
  if (!document.contents) return undefined;
  try {
    return new TreeBuilder(text, document, places, budget).build(document.contents, 0);
  } catch (error) {
    if (error instanceof Refusal) return { ...error.place, message: error.message };
    throw error;
  }
}

class Refusal extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.name = 'Refusal';
    this.place = place;
  }
}

/** Place of an offset of the text in the file. */
type Places = (offset: number | undefined) => Place;

/** Values that may still be made of one file, with all that is embedded in it. */
export interface NodeBudget {
  nodes: number;
}

class TreeBuilder {
  readonly #text: string;
  readonly #places: Places;
  readonly #budget: NodeBudget;
  /** A Kubernetes object: to its readers `!ignore` means nothing. */
  readonly #isObject: boolean;
  /** What each alias stands for: the last node before it with that anchor. */
  readonly #targets = new Map<Alias, Node>();

  constructor(text: string, document: Document.Parsed, places: Places, budget: NodeBudget) {
    this.#text = text;
    this.#places = places;
    this.#budget = budget;
    this.#isObject = isMap(document.contents) && document.contents.has('apiVersion');
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          if (target) this.#targets.set(node, target);
        } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  build(node: Node, depth: number): Tree {
    const place = this.#places(node.range?.[0]);
    if (--this.#budget.nodes < 0) throw new Refusal(TOO_MANY, place);
    if (depth > LIMITS.meshDepthMax) throw new Refusal(TOO_DEEP, place);
    if (isAlias(node)) return this.build(this.#target(node), depth + 1);
    if (isSeq(node)) {
      return { ...place, kind: 'list', items: node.items.map((item) => this.build(item as Node, depth + 1)) };
    }
    if (isMap(node)) return { ...place, kind: 'map', fields: this.#fields(node.items, depth + 1) };
    if (isScalar(node))
      return { ...place, kind: 'scalar', value: plainValue(node), textPlace: this.#textPlace(node, place) };
    throw new Refusal('expected a value', place);
  }

  /** A literal block's lines stand in the file one below the other, all indented like the first. */
  #textPlace(node: Scalar, place: Place): TextPlace {
    const end = this.#text.indexOf('\n', node.range?.[0] ?? 0);
    if (node.type !== 'BLOCK_LITERAL' || end < 0) return () => place;
    const indent = /(?:[ \t]*\r?\n)*( *)/y;
    indent.lastIndex = end + 1;
    const width = indent.exec(this.#text)?.[1]?.length ?? 0;
    return ({ line, column }) => ({ line: place.line + line, column: column + width });
  }

  #target(alias: Alias): Node {
    const target = this.#targets.get(alias);
    const place = this.#places(alias.range?.[0]);
    if (!target) throw new Refusal(`there is no anchor called ${printable(alias.source)}`, place);
    return target;
  }

  #fields(pairs: readonly { key: unknown; value: unknown }[], depth: number): Map<string, Field> {
    const fields = new Map<string, Field>();
    const merged: Field[] = [];
    for (const { key, value } of pairs) {
      const place = this.#places((key as Node | null)?.range?.[0]);
      if (!isScalar(key)) throw new Refusal('a key must be text', place);
      if (key.tag === '!ignore' && !this.#isObject) continue;
      // Under `%YAML 1.1` the parser makes a symbol of a merge key.
      const name = typeof key.value === 'symbol' ? '<<' : String(key.value);
      const tree = value
        ? this.build(value as Node, depth)
        : ({ ...place, kind: 'scalar', value: null, textPlace: () => place } as const);
      if (name === '<<') {
        merged.push(...mergedFields(tree));
        continue;
      }
      if (fields.has(name))
        throw new Refusal(`the key ${printable(name)} is given twice; readers differ on which counts`, place);
      fields.set(name, { ...place, name, value: tree });
    }
    // Keys of the map itself win over merged ones, and earlier merged maps over later ones.
    for (const entry of merged) if (!fields.has(entry.name)) fields.set(entry.name, entry);
    return fields;
  }
}

const TOO_MANY = `more than ${LIMITS.meshNodesMax} values, aliases multiplied out`;

function mergedFields(tree: Tree): Field[] {
  if (tree.kind === 'list') return tree.items.flatMap(mergedFields);
  return tree.kind === 'map' ? [...tree.fields.values()] : [];
}

function plainValue({ value }: Scalar): string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : String(value);
}
