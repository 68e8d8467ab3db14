import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { LIMITS } from '../kernel/limits.js';
import type { Steps } from '../kernel/steps.js';
import type { Place } from './pack.js';
import { explained, UncutFault, YamlFault } from './yaml-faults.js';
import { type Cutting, type FilePart, PartReader } from './yaml-parts.js';

/** A YAML value with its place. Maps keep their entries in order; keys are strings, and unique. */
export type Tree = Place &
  (
    | {
        readonly kind: 'scalar';
        readonly value: string | number | boolean | null;
        readonly source: string;
        readonly style: Scalar['type'];
      }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  );

export interface Entry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Tree;
}

const START: Place = { line: 1, column: 1 };
/** Nesting of a pack: real ones have six levels. */
const DEPTH_MAX = 32;

/**
 * Reads one YAML document into trees of plain values with places, in steps: the first is of the whole document; where a file
 * is cut, its list goes on with the items of further trees. Aliases are resolved, up to a number of nodes.
 */
export class TreeReader {
  private readonly parts: PartReader;
  private readonly builder = new TreeBuilder();
  private isBegun = false;

  /** `isCut`: a file that a list is most of is read in parts, and anything wrong with it is thrown to be told by another reader. */
  constructor(text: string, cutting: Cutting) {
    if (Buffer.byteLength(text) > LIMITS.configFileBytesMax) {
      throw new YamlFault(`the file is larger than ${LIMITS.configFileBytesMax} bytes`, START);
    }
    this.parts = new PartReader(text, cutting);
  }

  /**
   * The next tree; undefined behind the last. Throws YamlFault for a syntax error, more than one document, a key that is no
   * string, or an alias without end.
   */
  *next(): Steps<Tree | undefined> {
    const part = yield* this.nextPart();
    if (!part) return undefined;
    yield;
    const tree = this.builder.treeOf(contentsOf(part), part);
    const { itemCount } = part;
    const isList = tree.kind === 'list' || !this.isBegun;
    if (itemCount !== undefined && !(isList && cutList(tree)?.items.length === itemCount)) throw new UncutFault();
    this.isBegun = true;
    return tree;
  }

  /** All trees behind those that were read. */
  *rest(): Steps<Tree[]> {
    const trees: Tree[] = [];
    for (let tree = yield* this.next(); tree; tree = yield* this.next()) trees.push(tree);
    return trees;
  }

  private *nextPart(): Steps<FilePart | undefined> {
    try {
      return yield* this.parts.next();
    } catch (error) {
      if (error instanceof UncutFault) throw error;
      throw new YamlFault('not YAML: it is nested too deeply to be read', START); // the parser recurses
    }
  }
}

function contentsOf({ documents, placeOf }: FilePart): Node {
  const [document, other] = documents;
  if (!document) throw new YamlFault('the file is empty', START);
  if (other) throw new YamlFault('the file holds more than one YAML document', placeOf(other.range[0]));
  const fault = document.errors[0];
  if (fault) throw new YamlFault(`not YAML: ${explained(fault)}`, placeOf(fault.pos[0]));
  if (!document.contents) throw new YamlFault('the file is empty', START);
  return document.contents;
}

/** The list that goes on in further trees, where a file is cut. */
function cutList(tree: Tree): (Tree & { kind: 'list' }) | undefined {
  const list = tree.kind === 'map' ? tree.entries.at(-1)?.value : tree;
  return list?.kind === 'list' ? list : undefined;
}

/** A tree with the items that its list has in further ones. */
export function joined(tree: Tree, more: readonly Tree[]): Tree {
  const list = cutList(tree);
  if (!list || more.length === 0) return tree;
  const whole = { ...list, items: [list, ...more].flatMap((part) => cutList(part)?.items ?? []) };
  if (tree.kind !== 'map') return whole;
  return { ...tree, entries: tree.entries.map((entry) => (entry.value === list ? { ...entry, value: whole } : entry)) };
}

/** Where a node stands. */
interface Origin {
  readonly placeOf: FilePart['placeOf'];
  /** The node was built before, and an alias stands for it. */
  readonly isCopy: boolean;
}

type Anchored = Origin & { readonly node: Node };

/** Builds the trees of the parts of one document, in the order of the file. */
class TreeBuilder {
  /** The last node so far with each anchor. */
  private readonly anchors = new Map<string, Anchored>();
  /** What each alias stands for. */
  private readonly targets = new Map<Alias, Anchored>();
  private nodes = 0;

  treeOf(contents: Node, { placeOf }: FilePart): Tree {
    return this.build(contents, 0, { placeOf, isCopy: false });
  }

  /** The last node before an alias with its anchor; the library's own way looks through the whole document for every alias. */
  private targetOf(alias: Alias): Anchored | undefined {
    const target = this.targets.get(alias) ?? this.anchors.get(alias.source);
    if (target) this.targets.set(alias, target);
    return target;
  }

  private keepAnchor(node: Exclude<Node, Alias>, origin: Origin): void {
    if (node.anchor !== undefined && !origin.isCopy) this.anchors.set(node.anchor, { ...origin, node, isCopy: true });
  }

  private build(node: Node, depth: number, origin: Origin): Tree {
    const place = origin.placeOf(node.range?.[0]);
    if (++this.nodes > LIMITS.packNodesMax) throw new YamlFault('too many values, aliases included', place);
    if (depth > DEPTH_MAX) throw new YamlFault(`nested deeper than ${DEPTH_MAX} levels`, place);
    if (isAlias(node)) {
      const target = this.targetOf(node);
      if (!target)
        throw new YamlFault(`there is no anchor called ${node.source}; a text that begins with * needs quotes`, place);
      return { ...this.build(target.node, depth + 1, target), ...place };
    }
    this.keepAnchor(node, origin);
    if (isSeq(node))
      return { ...place, kind: 'list', items: node.items.map((item) => this.build(item as Node, depth + 1, origin)) };
    if (isMap(node))
      return { ...place, kind: 'map', entries: node.items.map((pair) => this.entry(pair, depth + 1, origin)) };
    if (!isScalar(node)) throw new YamlFault('not a value that is read here', place);
    const value = node.value;
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      throw new YamlFault('not a value that is read here', place);
    }
    const { source = value, type: style } = node;
    return { ...place, kind: 'scalar', value: flat(value as string), source: String(source), style };
  }

  private entry(pair: { key: unknown; value: unknown }, depth: number, origin: Origin): Entry {
    const key = pair.key as Node;
    const keyPlace = origin.placeOf(key.range?.[0]);
    if (!isScalar(key) || typeof key.value !== 'string') throw new YamlFault('a key must be a string', keyPlace);
    this.keepAnchor(key, origin);
    const missing: Tree = { ...keyPlace, kind: 'scalar', value: null, source: '', style: key.type };
    return { key: key.value, keyPlace, value: pair.value ? this.build(pair.value as Node, depth, origin) : missing };
  }
}

/**
 * The library makes a text in double quotes character by character, and V8 keeps it as a tree of as many nodes until it is
 * first searched: most examples never are after the first load, and they took most of the memory of a pack.
 */
function flat<T>(value: T): T {
  if (typeof value === 'string') ANYTHING.test(value);
  return value;
}

const ANYTHING = /./s;

/** Place of a string offset inside a one-line scalar: exact for plain, single-quoted and simple double-quoted ones. */
export function placeInside(tree: Tree, offset: number): Place {
  if (tree.kind !== 'scalar') return tree;
  const quoted = tree.style === 'QUOTE_SINGLE' || tree.style === 'QUOTE_DOUBLE';
  const block = tree.style === 'BLOCK_LITERAL' || tree.style === 'BLOCK_FOLDED';
  if (block) return tree;
  return { line: tree.line, column: tree.column + (quoted ? 1 : 0) + offset };
}
