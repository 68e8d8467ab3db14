import { join } from 'node:path';
import { leafHash } from '../audit/leaf-hash.js';
import { readLeaves } from '../audit/log-reader.js';
import { createKeptTiles } from '../audit/tree/kept-tiles.js';
import { inclusionProof, streamedInclusionProof } from '../audit/tree/proofs.js';
import { TILE_WIDTH } from '../audit/tree/tiles.js';
import { readBoundary } from '../audit/verify/boundary.js';
import { entriesOfLines } from '../audit/verify/sources.js';
import { JiminiError } from '../kernel/errors.js';
import type { LogCopy } from '../storage/log-copy.js';
import { type ControlClient, type TlsFlags, withControlClient } from './control-client.js';
import { type CopyStart, startOfCopy } from './log-boundary.js';
import { checkpointOfCopy, chunksOf, evidenceOfExport } from './log-files.js';
import { type LogIo, type LogPlace, refuseSeveralPlaces, withLogCopy } from './log-options.js';

/** Where a log is: a data directory, an export, or behind a control port. */
export interface SourceOptions extends LogPlace, TlsFlags {
  readonly export?: string;
  readonly address?: string;
}

/** A log as commands read it. Nothing of it is believed or verified. */
export interface LogSource {
  /** The newest signed checkpoint, verbatim, as it was before anything else was read; absent = none. */
  readonly checkpoint?: Uint8Array;
  /** Verifier keys, one a line, where there are any. */
  readonly keys?: Uint8Array;
  /** First leaf; those before it were removed. */
  readonly firstSeq: number;
  /** The `prune` leaf that says so, and then the `key` leaves below; absent = nothing was removed. */
  readonly boundary?: readonly Uint8Array[];
  /** The stored bytes of all leaves, from `firstSeq` on. To be read once. */
  leaves(): AsyncIterable<Uint8Array>;
  /** The last leaf. */
  last(): Promise<{ readonly seq: number; readonly bytes: Uint8Array } | undefined>;
  /** Hash of a leaf, and the hashes that lead from it to the root over the first `size` leaves. */
  prove(seq: number, size: number): Promise<{ readonly leafHash: Uint8Array; readonly hashes: readonly Uint8Array[] }>;
}

/** Opens the log that the options name for `work`. Rejects with `JIMINI_USAGE` or a `JIMINI_STORE_*` error. */
export async function withLogSource(
  options: SourceOptions,
  io: LogIo,
  work: (source: LogSource) => Promise<void>,
): Promise<void> {
  refuseSeveralPlaces(options);
  const { address, export: directory } = options;
  if (address !== undefined) {
    return withControlClient({ ...options, address }, io, async (client) => work(await sourceOfRemote(client)));
  }
  if (directory !== undefined) return work(await sourceOfExport(directory));
  return withLogCopy(options, io, async (copy) => work(sourceOfCopy(copy, await startOfCopy(copy.log))));
}

function sourceOfCopy(copy: LogCopy, start: CopyStart): LogSource {
  const { log, beside } = copy;
  const { firstSeq } = start;
  const checkpoint = checkpointOfCopy(copy);
  const keys = beside.get('key.pub');
  return {
    ...(checkpoint && { checkpoint }),
    ...(keys && { keys }),
    ...start,
    async *leaves() {
      for await (const { bytes } of log.rowsFrom(firstSeq)) yield bytes;
    },
    async last() {
      const seq = (await log.lastRows(1))[0]?.seq;
      if (seq === undefined) return undefined;
      for await (const { bytes } of readLeaves(log, { from: seq, to: seq, firstSeq })) return { seq, bytes };
      return undefined;
    },
    async prove(seq, size) {
      const tiles = createKeptTiles();
      const hashes = await inclusionProof(log, seq, size, tiles);
      const tile = await tiles.tile(log, 0, Math.floor(seq / TILE_WIDTH), size);
      return { leafHash: tile.node(0, seq % TILE_WIDTH), hashes };
    },
  };
}

async function sourceOfExport(directory: string): Promise<LogSource> {
  const { files, keys, segment, boundary: boundaryLeaves } = await evidenceOfExport(directory, {});
  if (segment) throw new JiminiError('JIMINI_USAGE', `${directory} is one day of a log: verify is all that reads it`);
  const boundary = boundaryLeaves && readBoundary(boundaryLeaves);
  if (boundary && 'why' in boundary) {
    throw new JiminiError('JIMINI_USAGE', `${directory}/boundary.jsonl: ${boundary.why}: run \`jimini log verify\``);
  }
  const firstSeq = boundary?.minSeq ?? 0;
  const checkpoint = files.find(({ source }) => source === 'checkpoint')?.bytes;
  const path = join(directory, 'entries.jsonl');
  async function* leaves() {
    for await (const { bytes } of entriesOfLines(chunksOf(path))) yield bytes;
  }
  return {
    ...(checkpoint && { checkpoint }),
    ...(keys && { keys: keys.bytes }),
    firstSeq,
    ...(boundaryLeaves && { boundary: boundaryLeaves }),
    leaves,
    async last() {
      let found: { seq: number; bytes: Uint8Array } | undefined;
      for await (const bytes of leaves()) found = { seq: (found?.seq ?? firstSeq - 1) + 1, bytes };
      return found;
    },
    async prove(seq, size) {
      let own: Buffer | undefined;
      let at = firstSeq;
      async function* hashes() {
        for await (const bytes of leaves()) {
          const hash = Buffer.from(leafHash(bytes), 'hex');
          if (at === seq) own = hash;
          at += 1;
          yield hash;
        }
      }
      const start = boundary && { size: boundary.minSeq, peaks: boundary.peaks };
      const proof = await streamedInclusionProof(hashes(), seq, size, start);
      return { leafHash: own as Buffer, hashes: proof };
    },
  };
}

async function sourceOfRemote(client: ControlClient): Promise<LogSource> {
  const { askCheckpoint, askEntries, askInclusion } = await import('./log-remote.js');
  const told = await askCheckpoint(client);
  const last = Number(told.logSize) - 1;
  const firstSeq = Number(told.firstSeq);
  async function* leavesFrom(seq: number) {
    for await (const entries of askEntries(client, seq)) for (const { leaf } of entries) yield leaf;
  }
  return {
    checkpoint: told.checkpoint,
    keys: Buffer.from(told.verifierKeys.map((key) => `${key}\n`).join('')),
    firstSeq,
    ...(firstSeq > 0 && { boundary: told.boundaryLeaves }),
    leaves: () => leavesFrom(firstSeq),
    async last() {
      if (last < 0) return undefined;
      for await (const bytes of leavesFrom(last)) return { seq: last, bytes };
      return undefined;
    },
    async prove(seq, size) {
      const proof = await askInclusion(client, seq, size);
      if (Number(proof.treeSize) === size) return proof;
      throw new JiminiError('JIMINI_USAGE', 'the sidecar gave a proof of another tree than it was asked for');
    },
  };
}
