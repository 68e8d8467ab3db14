import { HASH_BYTES } from '../../../sidecar/audit/tree/node-hash.js';
import { TILE_WIDTH, type TileReader } from '../../../sidecar/audit/tree/tiles.js';
import { createTreeEdge, type TreeEdge } from '../../../sidecar/audit/tree/tree-edge.js';

/** A tree whose hashes are kept in memory, as a log keeps them on disk: each written once. */
export interface MemoryTree {
  readonly edge: TreeEdge;
  readonly reader: TileReader;
  /** Tiles read so far, as `level/index:width`. */
  readonly reads: string[];
  append(leafHash: Uint8Array): void;
}

export function createMemoryTree(): MemoryTree {
  const edge = createTreeEdge();
  const levels: Uint8Array[][] = [[]];
  const joined = new Map<string, Buffer>();
  const reads: string[] = [];
  const write = (level: number, index: number, hash: Uint8Array) => {
    levels[level] ??= [];
    const hashes = levels[level];
    if (hashes.length !== index) throw new Error(`hash ${index} of level ${level} comes after ${hashes.length}`);
    hashes.push(hash);
  };
  return {
    edge,
    reads,
    reader: {
      readTile: async (level, index, width) => {
        const name = `${level}/${index}:${width}`;
        reads.push(name);
        const tile = joined.get(name) ?? Buffer.concat((levels[level] ?? []).slice(index * TILE_WIDTH).slice(0, width));
        if (tile.length === width * HASH_BYTES) joined.set(name, tile);
        return tile;
      },
    },
    append: (leafHash) => {
      write(0, edge.size, leafHash);
      for (const { level, index, hash } of edge.append(leafHash)) write(level, index, hash);
    },
  };
}

/** A tree over the leaf hashes. */
export function memoryTreeOf(hashes: readonly Uint8Array[]): MemoryTree {
  const tree = createMemoryTree();
  for (const hash of hashes) tree.append(hash);
  return tree;
}
