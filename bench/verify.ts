import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createTreeEdge } from '../sidecar/audit/tree/tree-edge.js';
import { readEvidence } from '../sidecar/audit/verify/held-against.js';
import { groupsOfLines } from '../sidecar/audit/verify/sources.js';
import { verifyGroups } from '../sidecar/audit/verify/verify-entries.js';
import { checkpointOfRoot, DECISION, keyFile, leafAt, leafHashOf, OPEN, signerOf } from '../tests/audit/signed-logs.js';
import { median } from './statistics.js';

export interface VerifyOptions {
  /** Where the export is written. */
  readonly folder: string;
  readonly leaves: number;
  readonly rounds: number;
}

export interface VerifyResult {
  readonly leaves: number;
  readonly bytes: number;
  /** CPU time a leaf, microseconds, median of rounds: the whole verification of an export; SHA-256 of each leaf as it lies in memory by a hash object, and by one call. */
  readonly verifyMicros: number;
  readonly hashObjectMicros: number;
  readonly hashCallMicros: number;
  /** Rate of the verification over that of the loop with hash objects. */
  readonly ratio: number;
  /** Resident memory after a tenth of the leaves, and the most afterwards, MiB. */
  readonly earlyMib: number;
  readonly peakMib: number;
}

const PIECE_BYTES = 1024 * 1024;
/** Leaves that the bare loops go over: enough to be no fixed few lines in a cache. */
const SAMPLE_LEAVES = 20_000;

/** Verifies a long export from its files, beside bare SHA-256 over leaves of it. Rounds are interleaved. */
export async function measureVerify({ folder, leaves, rounds }: VerifyOptions): Promise<VerifyResult> {
  const signer = signerOf(1);
  const { path, checkpoint, sample, bytes } = await writeExport(folder, leaves);
  const evidence = {
    keys: { name: 'key.pub', bytes: keyFile(signer) },
    files: [{ source: 'checkpoint', name: 'checkpoint', bytes: checkpoint }] as const,
  };
  const read = readEvidence(evidence);
  if (!('claims' in read)) throw new Error('the evidence cannot be read');
  const memory: number[] = [];
  const verify = async () => {
    const groups = groupsOfLines(createReadStream(path, { highWaterMark: PIECE_BYTES }));
    const report = await verifyGroups(groups, () => memory.push(process.memoryUsage().rss / PIECE_BYTES), read);
    if (report.status !== 'ok' || report.entries !== leaves) throw new Error(JSON.stringify(report));
  };
  const prefix = Buffer.alloc(1);
  const byObject = () => {
    for (const leaf of sample) createHash('sha256').update(prefix).update(leaf).digest();
  };
  const prefixed = sample.map((leaf) => Buffer.concat([prefix, leaf]));
  const byCall = () => {
    for (const leaf of prefixed) hash('sha256', leaf, 'hex');
  };
  const all: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round += 1) {
    const micros = [
      (await cpuMicros(verify)) / leaves,
      (await cpuMicros(byObject)) / sample.length,
      (await cpuMicros(byCall)) / sample.length,
    ];
    // The first one is the compiler's.
    if (round > 0) for (const [at, value] of micros.entries()) all[at]?.push(value);
  }
  const [verifyMicros, hashObjectMicros, hashCallMicros] = all.map(median) as [number, number, number];
  const perRound = Math.floor(memory.length / (rounds + 1));
  return {
    leaves,
    bytes,
    verifyMicros,
    hashObjectMicros,
    hashCallMicros,
    ratio: hashObjectMicros / verifyMicros,
    earlyMib: memory[Math.floor(perRound / 10)] ?? Number.NaN,
    peakMib: Math.max(...memory.slice(0, perRound)),
  };
}

async function cpuMicros(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The entries of a log of so many leaves, its checkpoint, and leaves of it. */
async function writeExport(folder: string, count: number) {
  const path = join(folder, 'entries.jsonl');
  const [edge, sample] = [createTreeEdge(), [] as Buffer[]];
  const file = await open(path, 'wx');
  let [prev, bytes] = ['0'.repeat(64), 0];
  let piece: Buffer[] = [];
  for (let seq = 0; seq < count; seq += 1) {
    const fields = seq === 0 ? OPEN : { ...DECISION, route: `route-${seq % 50}` };
    const leaf = leafAt(fields, { seq, epoch: 1, prev });
    prev = leafHashOf(leaf);
    edge.append(Buffer.from(prev, 'hex'));
    piece.push(leaf, NEWLINE);
    bytes += leaf.length + 1;
    if (sample.length < SAMPLE_LEAVES) sample.push(leaf);
    if (piece.length < 4_000 && seq < count - 1) continue;
    await file.writeFile(Buffer.concat(piece));
    piece = [];
  }
  await file.close();
  return { path, sample, bytes, checkpoint: checkpointOfRoot(count, edge.root(), signerOf(1)) };
}

const NEWLINE = Buffer.from('\n');
