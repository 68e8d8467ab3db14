import type { Boundary, LeafRow, LogStoreHandle, NewRow, PayloadPage } from '../../sidecar/audit/log-store.js';
import { TILE_WIDTH, type TreeNode } from '../../sidecar/audit/tree/tiles.js';

/** What a store in memory holds. */
export interface MemoryContent {
  readonly rows: readonly NewRow[];
  readonly nodes: readonly TreeNode[];
  readonly boundaries: readonly Boundary[];
  readonly kept: readonly LeafRow[];
}

export const EMPTY: MemoryContent = { rows: [], nodes: [], boundaries: [], kept: [] };

/** Both together, leaves and boundaries in order; the same row twice is there once. */
export function withMore(content: MemoryContent, more: Partial<MemoryContent>): MemoryContent {
  const { rows = [], nodes = [], boundaries = [], kept = [] } = more;
  const others = content.boundaries.filter(({ minSeq, pruneSeq }) => {
    return !boundaries.some((same) => same.minSeq === minSeq && same.pruneSeq === pruneSeq);
  });
  return {
    rows: [...content.rows, ...rows].sort((a, b) => a.seq - b.seq || (a.hash < b.hash ? -1 : 1)),
    nodes: [...content.nodes, ...nodes],
    boundaries: [...others, ...boundaries].sort((a, b) => a.minSeq - b.minSeq || a.pruneSeq - b.pruneSeq),
    kept: [...content.kept.filter((old) => !kept.some(({ seq }) => seq === old.seq)), ...kept],
  };
}

/** Without the first `count` rows of what may be removed: leaves, hashes of whole tiles, older boundaries. */
export function withoutBelow(content: MemoryContent, minSeq: number, count: number) {
  let left = count;
  const without = <T>(list: readonly T[], isBelow: (item: T) => boolean): T[] =>
    list.filter((item) => !isBelow(item) || left-- <= 0);
  const rows = without(content.rows, ({ seq }) => seq < minSeq);
  const nodes = without(content.nodes, ({ level, index }) => {
    return (Math.floor(index / TILE_WIDTH) + 1) * TILE_WIDTH ** (level + 1) <= minSeq;
  });
  const boundaries = without(content.boundaries, (boundary) => boundary.minSeq < minSeq);
  return { content: { ...content, rows, nodes, boundaries }, removed: count - Math.max(0, left) };
}

/** Without what a log of `size` leaves has not: hashes, boundaries, and `key` leaves from below them. */
export function withoutBehind(content: MemoryContent, size = Number.POSITIVE_INFINITY): MemoryContent {
  return {
    ...content,
    nodes: content.nodes.filter(({ level, index }) => index < Math.floor(size / TILE_WIDTH ** level)),
    boundaries: content.boundaries.filter(({ pruneSeq }) => pruneSeq < size),
    kept: content.kept.filter(({ seq }) => seq < size),
  };
}

function hasBehind(content: MemoryContent, size: number): boolean {
  const { nodes, boundaries, kept } = withoutBehind(content, size);
  return (
    nodes.length + boundaries.length + kept.length <
    content.nodes.length + content.boundaries.length + content.kept.length
  );
}

/** Hashes of a tile, as the port has it; shorter where some are missing. */
function tileOf(content: MemoryContent, level: number, index: number, width: number): Buffer {
  const first = index * TILE_WIDTH;
  const at = (place: number): Uint8Array =>
    level === 0
      ? Buffer.from(content.rows.find(({ seq }) => seq === place)?.hash ?? '', 'hex')
      : (content.nodes.find((node) => node.level === level && node.index === place)?.hash ?? Buffer.of());
  return Buffer.concat(Array.from({ length: width }, (_, i) => at(first + i)));
}

/** What lies beside leaves, as the port has it. Nothing is erased here. */
function payloadsOf(content: MemoryContent, seq: number, end: number, bytesMax: number): PayloadPage {
  const envelopes = new Map<number, Uint8Array>();
  let bytes = 0;
  for (const row of content.rows) {
    if (row.seq < seq || row.seq >= end || !row.envelope) continue;
    envelopes.set(row.seq, row.envelope);
    bytes += row.envelope.length;
    if (bytes >= bytesMax) return { end: row.seq + 1, envelopes, erased: new Set() };
  }
  return { end, envelopes, erased: new Set() };
}

type Reads = Exclude<keyof LogStoreHandle, 'write' | 'writeBoundary' | 'removeBelow' | 'compact' | 'close'>;

/** What a handle reads; `view` gives what it sees at the moment, or rejects. */
export function readsOf(view: () => Promise<MemoryContent>): Pick<LogStoreHandle, Reads> {
  return {
    boundaries: async () => [...(await view()).boundaries],
    keptKeyLeaves: async () => [...(await view()).kept],
    readTile: async (level, index, width) => tileOf(await view(), level, index, width),
    hasRowsBehind: async (size) => hasBehind(await view(), size),
    async *rowsFrom(seq) {
      yield* (await view()).rows.filter((row) => row.seq >= seq);
    },
    page: async (seq, count) => (await view()).rows.filter((row) => row.seq >= seq).slice(0, count),
    payloadPage: async (...page) => payloadsOf(await view(), ...page),
    lastRows: async (count) => (await view()).rows.slice(-count),
  };
}
