import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Scalar,
  visit,
} from 'yaml';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import type { Place } from './pack.js';
import { explained } from './yaml-faults.js';
import { type DocumentParts, parseParts } from './yaml-parts.js';

/** A YAML value with its place. Maps keep their entries in order; keys are strings, and unique. */
export type Tree = Place &
  (
    | {
        readonly kind: 'scalar';
        readonly value: string | number | boolean | null;
        readonly source: string;
        readonly scalar: Scalar;
      }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  );

export interface Entry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Tree;
}

/** Why a text is not the YAML that is read here. */
export class YamlFault extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.name = 'YamlFault';
    this.place = place;
  }
}

const START: Place = { line: 1, column: 1 };
/** Nesting of a pack: real ones have six levels. */
const DEPTH_MAX = 32;

/**
 * Parses one YAML document into a tree of plain values with places, in steps. Aliases are resolved, up to a number of nodes.
 * Throws YamlFault for a syntax error, more than one document, a key that is no string, or an alias without end.
 */
export function* parseYaml(text: string): Steps<Tree> {
  if (Buffer.byteLength(text) > LIMITS.configFileBytesMax) {
    throw new YamlFault(`the file is larger than ${LIMITS.configFileBytesMax} bytes`, START);
  }
  const lines = new LineCounter();
  const [document, other] = yield* partsOf(text, lines);
  if (!document) throw new YamlFault('the file is empty', START);
  if (other) throw new YamlFault('the file holds more than one YAML document', placeOf(lines, other.first.range[0]));
  const { first, more } = document;
  const fault = first.errors[0];
  if (fault) throw new YamlFault(`not YAML: ${explained(fault)}`, placeOf(lines, fault.pos[0]));
  const builder = new TreeBuilder(lines);
  const tree = builder.treeOf(first);
  if (!tree) throw new YamlFault('the file is empty', START);
  const others: Tree[] = [];
  for (const part of more) {
    yield;
    const other = builder.treeOf(part);
    if (other) others.push(other);
  }
  return joined(tree, others);
}

/** The tree with the items that the same list has in the other parts. */
function joined(tree: Tree, others: readonly Tree[]): Tree {
  const more = (of: readonly Tree[]) => of.flatMap((other) => (other.kind === 'list' ? other.items : []));
  if (tree.kind === 'list') return { ...tree, items: [...tree.items, ...more(others)] };
  if (tree.kind !== 'map') return tree;
  const cut = others.flatMap((other) => (other.kind === 'map' ? other.entries : []));
  const items = more(cut.map(({ value }) => value));
  const entries = tree.entries.map((entry) => {
    const { key, value } = entry;
    if (key !== cut[0]?.key || value.kind !== 'list') return entry;
    return { ...entry, value: { ...value, items: [...value.items, ...items] } };
  });
  return { ...tree, entries };
}

function* partsOf(text: string, lines: LineCounter): Steps<readonly DocumentParts[]> {
  try {
    return yield* parseParts(text, lines);
  } catch {
    throw new YamlFault('not YAML: it is nested too deeply to be read', START); // the parser recurses
  }
}

/** Builds the trees of the parts of one document, in the order of the file. */
class TreeBuilder {
  private readonly lines: LineCounter;
  private readonly anchors = new Map<string, Node>();
  private readonly targets = new Map<Alias, Node>();
  private nodes = 0;

  constructor(lines: LineCounter) {
    this.lines = lines;
  }

  /** Undefined for a part that holds nothing. */
  treeOf(part: Document.Parsed): Tree | undefined {
    this.findTargets(part);
    return part.contents ? this.build(part.contents, 0) : undefined;
  }

  /**
   * What each alias stands for: the last node before it with that anchor. The library's own way looks through the whole
   * document for every alias.
   */
  private findTargets(part: Document.Parsed): void {
    visit(part, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = this.anchors.get(node.source);
          if (target) this.targets.set(node, target);
        } else if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
      },
    });
  }

  private build(node: Node, depth: number): Tree {
    const place = placeOf(this.lines, node.range?.[0]);
    if (++this.nodes > LIMITS.packNodesMax) throw new YamlFault('too many values, aliases included', place);
    if (depth > DEPTH_MAX) throw new YamlFault(`nested deeper than ${DEPTH_MAX} levels`, place);
    if (isAlias(node)) {
      const target = this.targets.get(node);
      if (!target)
        throw new YamlFault(`there is no anchor called ${node.source}; a text that begins with * needs quotes`, place);
      return { ...this.build(target, depth + 1), ...place };
    }
    if (isSeq(node))
      return { ...place, kind: 'list', items: node.items.map((item) => this.build(item as Node, depth + 1)) };
    if (isMap(node)) return { ...place, kind: 'map', entries: node.items.map((pair) => this.entry(pair, depth + 1)) };
    if (!isScalar(node)) throw new YamlFault('not a value that is read here', place);
    const value = node.value;
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      throw new YamlFault('not a value that is read here', place);
    }
    return { ...place, kind: 'scalar', value: value as string, source: String(node.source ?? value), scalar: node };
  }

  private entry(pair: { key: unknown; value: unknown }, depth: number): Entry {
    const key = pair.key as Node;
    const keyPlace = placeOf(this.lines, key.range?.[0]);
    if (!isScalar(key) || typeof key.value !== 'string') throw new YamlFault('a key must be a string', keyPlace);
    const missing: Tree = { ...keyPlace, kind: 'scalar', value: null, source: '', scalar: key };
    return { key: key.value, keyPlace, value: pair.value ? this.build(pair.value as Node, depth) : missing };
  }
}

/** Place of a string offset inside a one-line scalar: exact for plain, single-quoted and simple double-quoted ones. */
export function placeInside(tree: Tree, offset: number): Place {
  if (tree.kind !== 'scalar') return tree;
  const quoted = tree.scalar.type === 'QUOTE_SINGLE' || tree.scalar.type === 'QUOTE_DOUBLE';
  const block = tree.scalar.type === 'BLOCK_LITERAL' || tree.scalar.type === 'BLOCK_FOLDED';
  if (block) return tree;
  return { line: tree.line, column: tree.column + (quoted ? 1 : 0) + offset };
}

function placeOf(lines: LineCounter, offset: number | undefined): Place {
  const { line, col } = lines.linePos(offset ?? 0);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
