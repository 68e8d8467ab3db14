import { type AuditLog, type AuditLogOptions, recoverAuditLog } from '../../../sidecar/audit/audit-log.js';
import { leafHash } from '../../../sidecar/audit/leaf-hash.js';
import { readEvidence } from '../../../sidecar/audit/verify/held-against.js';
import { verifyEntries } from '../../../sidecar/audit/verify/verify-entries.js';
import { LIMITS } from '../../../sidecar/kernel/limits.js';
import { treeKey } from '../../../sidecar/storage/tree-key.js';
import type { MemoryContent } from '../../storage/memory-content.js';
import { attempt } from '../double-log.js';
import { DAY_MS, RETENTION_MS, steppedPruner, stoppedClock } from '../prune-rig.js';
import { logOptions, signingFilesOf } from '../records.js';
import { createSimulatedDisk, type SimulatedDisk } from './disk.js';
import { type Choices, choicesOf } from './random.js';

const ACTIONS = 60;
const BURST_MAX = 200;
const ROUND_STEPS = 8;
/** Passes of the event loop after which nothing goes on by itself. */
const TURNS = 6;

/**
 * Runs a log with retention for some simulated years on a disk that fails, with crashes and restarts. Gives what is wrong: leaves that are gone
 * and were too young, or that no checkpoint covers; a log that does not hold; leaves that should be gone in the end and are not.
 */
export async function simulatePruning(seed: number): Promise<string[]> {
  const choices = choicesOf(seed);
  const disk = createSimulatedDisk(choices);
  const life = createLife(disk, choices);
  await life.start();
  for (let i = 0; i < ACTIONS; i += 1) {
    await act(life, disk, choices);
    await settled();
    const wrong = await life.wrong();
    if (wrong.length > 0) return wrong.map((what) => `after ${i} actions: ${what}`);
  }
  return life.end();
}

async function act(life: Life, disk: SimulatedDisk, choices: Choices): Promise<void> {
  const kind = choices.below(100);
  if (kind < 25) life.append(1 + choices.below(BURST_MAX));
  else if (kind < 55) disk.endWrite();
  else if (kind < 75) await round(life, disk, choices);
  else if (kind < 82) life.goOn(choices.below(90) * DAY_MS);
  else if (kind < 88) life.wake();
  else if (kind < 92) signingFilesOf(disk).fails = choices.percent(50);
  else if (kind < 95) await life.restart();
  else await life.crash();
}

/** Much becomes old, and its removal takes its course, unless something comes between. */
async function round(life: Life, disk: SimulatedDisk, choices: Choices): Promise<void> {
  life.goOn(choices.below(100) * DAY_MS);
  for (let steps = 0; steps < ROUND_STEPS && !choices.percent(5); steps += 1) {
    life.step();
    await settled();
    disk.endWrite();
    life.goOn(LIMITS.pruneGraceMs);
  }
}

type Life = ReturnType<typeof createLife>;

function createLife(disk: SimulatedDisk, choices: Choices) {
  const clock = stoppedClock();
  /** What each leaf says of its time, also of those that are gone. */
  const times: Times = new Map();
  let waiting: (() => void) | undefined;
  let log: AuditLog | undefined;
  let pruner: ReturnType<typeof steppedPruner> | undefined;
  let isStepping = false;
  const wait = () =>
    new Promise<void>((resolve) => {
      waiting = resolve;
    });
  const base = logOptions(disk, { clock, wait });
  let runs = 0;
  /** What a process that is dead signs is not written any more, and it does not try again. */
  const optionsOfRun = (): AuditLogOptions => {
    runs += 1;
    const own = runs;
    const signing: AuditLogOptions['signing'] = {
      ...base.signing,
      random: choices.bytes,
      after(_ms, run) {
        const soon = setImmediate(() => own === runs && run());
        return () => clearImmediate(soon);
      },
    };
    return { ...base, signing };
  };

  const start = async (): Promise<void> => {
    for (log = undefined; !log; ) {
      const recovered = await recoverAuditLog(optionsOfRun()).catch(unlessAway);
      const begun = await pumped(
        recovered?.begin('p').then(
          () => true,
          () => false,
        ),
      );
      if (begun) log = recovered;
      else await pumped(recovered?.close('error').catch(() => undefined));
    }
    pruner = steppedPruner(log, clock);
    isStepping = false;
  };

  /** Ends writes until a promise is settled. */
  const pumped = async <T>(promise: Promise<T> | undefined): Promise<T | undefined> => {
    let isSettled = promise === undefined;
    const settles = promise?.finally(() => {
      isSettled = true;
    });
    while (!isSettled) {
      await settled();
      waiting?.();
      if (disk.isBusy) disk.endWrite();
    }
    return settles;
  };

  return {
    start,
    append(count: number) {
      for (let i = 0; i < count && log; i += 1) {
        void attempt(log, 'r');
      }
    },
    step() {
      if (isStepping) return;
      isStepping = true;
      const of = pruner;
      void pruner?.step().then(() => {
        if (of === pruner) isStepping = false;
      });
    },
    goOn: clock.goOn,
    wake: () => waiting?.(),
    async restart() {
      await pumped(log?.close('shutdown').catch(() => undefined));
      await start();
    },
    async crash() {
      disk.crash();
      waiting = undefined;
      await start();
    },
    wrong: () => wrongIn(disk, times, clock.nowMs()),
    /** Everything is old, and nothing fails: all whole tiles must go but the last. */
    async end(): Promise<string[]> {
      disk.repair();
      signingFilesOf(disk).fails = false;
      await this.restart();
      clock.goOn(RETENTION_MS + DAY_MS);
      for (let i = 0; i < 60; i += 1) {
        await pumped(pruner?.step());
        await pumped(settled());
        clock.goOn(LIMITS.pruneGraceMs);
      }
      await pumped(log?.close('shutdown'));
      const wrong = await this.wrong();
      const { rows, boundaries } = disk.content;
      const first = rows[0]?.seq ?? -1;
      // The prune leaf, what was written before it and is no whole tile, and the `close` leaf.
      const isAllGone = rows.length < 2 * 256 && boundaries.length <= 1 && first === (boundaries[0]?.minSeq ?? 0);
      return isAllGone ? wrong : [...wrong, `${rows.length} leaves from ${first} on are left`];
    },
  };
}

type Times = Map<number, { readonly hash: string; readonly ms: number }>;

/** What must hold at any moment, whatever happened. */
async function wrongIn(disk: SimulatedDisk, times: Times, nowMs: number): Promise<string[]> {
  const { content } = disk;
  for (const { seq, hash, bytes } of content.rows) {
    if (times.get(seq)?.hash === hash) continue;
    times.set(seq, { hash, ms: (JSON.parse(Buffer.from(bytes).toString('utf8')) as { time_ms: number }).time_ms });
  }
  const { minSeq, pruneSeq } = content.boundaries.at(-1) ?? { minSeq: 0, pruneSeq: -1 };
  const files = signingFilesOf(disk);
  const signedSize = Number(files.newest?.toString().split('\n')[1] ?? 0);
  const wrong: string[] = [];
  if (pruneSeq >= signedSize) wrong.push(`leaves below ${minSeq} go, and ${signedSize} leaves are signed`);
  for (let seq = 0; seq < minSeq; seq += 1) {
    if ((times.get(seq)?.ms ?? 0) > nowMs - RETENTION_MS) wrong.push(`the leaf ${seq} is gone too early`);
  }
  const report = await verified(content, minSeq, pruneSeq, files);
  // A leaf that is not acknowledged may be there and not signed.
  if (!['ok', 'unanchored'].includes(report.status)) wrong.push(JSON.stringify(report));
  return wrong;
}

async function verified(
  content: MemoryContent,
  minSeq: number,
  pruneSeq: number,
  { newest, publicKeys }: { readonly newest: Buffer | undefined; readonly publicKeys: string },
) {
  const prune = content.rows.find(({ seq }) => seq === pruneSeq);
  const kept = content.kept.filter(({ seq }) => seq < minSeq);
  const read = readEvidence({
    files: newest ? [{ source: 'checkpoint', name: 'checkpoint', bytes: newest }] : [],
    ...(publicKeys !== '' && { keys: { name: 'key.pub', bytes: Buffer.from(publicKeys) } }),
    ...(prune && { boundary: [prune, ...kept].map(({ bytes }) => bytes) }),
  });
  if ('report' in read) return read.report;
  if ('badInput' in read) throw new Error(read.badInput);
  const rows = content.rows.filter(({ seq }) => seq >= minSeq);
  const nodes = content.nodes.toSorted((a, b) => a.level - b.level || a.index - b.index);
  async function* treeRows(level?: number) {
    for (const node of nodes) {
      if (level === undefined || node.level === level)
        yield { key: treeKey(node.level, node.index, node.hash), value: Buffer.of() };
    }
  }
  if (rows.some((row) => leafHash(row.bytes) !== row.hash)) throw new Error('the double is broken');
  return verifyEntries(rows, undefined, { ...read, treeRows });
}

/** A disk that is away is asked again. */
function unlessAway(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'JIMINI_STORE_UNAVAILABLE') throw error;
}

async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
