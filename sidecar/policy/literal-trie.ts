import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';

/** A node of the trie of all literals, over comparable units (see character-table.ts). */
export interface TrieNode {
  /** Units that go on, and where to. Parallel arrays: nodes have few children, and a short search is the fastest. */
  readonly units: number[];
  readonly nodes: TrieNode[];
  /** Groups that have the literal which ends here. */
  readonly groups: number[];
}

/** The trie of the literals of all groups. Throws JIMINI_PACK_INVALID when they are too many to be held. */
export function buildTrie(groups: readonly (readonly string[])[]): TrieNode {
  const root = createNode();
  let nodes = 0;
  groups.forEach((literals, group) => {
    for (const literal of literals) {
      let node = root;
      for (let i = 0; i < literal.length; i++) {
        const unit = literal.charCodeAt(i);
        let next = childOf(node, unit);
        if (!next) {
          next = createNode();
          node.units.push(unit);
          node.nodes.push(next);
          nodes++;
        }
        node = next;
      }
      if (!node.groups.includes(group)) node.groups.push(group);
    }
  });
  if (nodes <= LIMITS.literalUnitsMax) return root;
  const message = 'the keywords and literals of the packs together are too many: use fewer or shorter ones';
  throw new JiminiError('JIMINI_PACK_INVALID', message);
}

/** Where a unit leads. */
export function childOf({ units, nodes }: TrieNode, unit: number): TrieNode | undefined {
  for (let i = 0; i < units.length; i++) if (units[i] === unit) return nodes[i];
  return undefined;
}

function createNode(): TrieNode {
  return { units: [], nodes: [], groups: [] };
}
