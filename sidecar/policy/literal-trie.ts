import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';

/** A node of the trie of all literals, over folded lower-case units. */
export interface TrieNode {
  readonly next: Map<number, TrieNode>;
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
        const next = node.next.get(unit) ?? createNode();
        if (!node.next.has(unit)) nodes++;
        node.next.set(unit, next);
        node = next;
      }
      if (!node.groups.includes(group)) node.groups.push(group);
    }
  });
  if (nodes <= LIMITS.literalUnitsMax) return root;
  const message = 'the keywords and literals of the packs together are too many: use fewer or shorter ones';
  throw new JiminiError('JIMINI_PACK_INVALID', message);
}

function createNode(): TrieNode {
  return { next: new Map(), groups: [] };
}
