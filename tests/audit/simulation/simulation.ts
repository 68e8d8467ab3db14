import type { AuditLog } from '../../../sidecar/audit/audit-log.js';
import { leafHash } from '../../../sidecar/audit/leaf-hash.js';
import type { LeafRow } from '../../../sidecar/audit/log-store.js';
import type { Clock } from '../../../sidecar/kernel/clock.js';
import { LIMITS } from '../../../sidecar/kernel/limits.js';
import { attempt, discrepanciesIn, leavesOf, lostRecords, type Outcome } from '../double-log.js';
import { logOptions, type Program } from '../records.js';
import { createSimulatedDisk, type SimulatedDisk } from './disk.js';
import { type Choices, choicesOf } from './random.js';

const ACTIONS_MIN = 10;
const ACTIONS_MAX = 60;
const BURST_MAX = 5;
/** Passes of the event loop after which nothing goes on by itself any more. */
const TURNS = 6;
/** More ends of writes than any script needs. */
const ENDS_MAX = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Runs a log for a while on a disk that fails, with crashes, restarts, and a clock that jumps. All that happens, and its order,
 * follows from the seed. Gives what is wrong in the end; empty = every acknowledged record is there once, at its number, and the
 * chain is whole.
 */
export async function simulate(seed: number, program: Program): Promise<string[]> {
  const choices = choicesOf(seed);
  const disk = createSimulatedDisk(choices);
  const life = createLife(program, disk, choices);
  try {
    await life.start();
    const count = ACTIONS_MIN + choices.below(ACTIONS_MAX - ACTIONS_MIN);
    for (let i = 0; i < count && !life.isOver(); i++) await act(life, disk, choices);
    return life.isOver() ? [] : await life.end();
  } catch (error) {
    return [`stopped: ${(error as Error).stack}`];
  }
}

async function act(life: Life, disk: SimulatedDisk, choices: Choices): Promise<void> {
  const kind = choices.below(100);
  if (kind < 45) life.append(1 + choices.below(BURST_MAX));
  else if (kind < 75) disk.endWrite();
  else if (kind < 85) life.wake();
  else if (kind < 90) life.jump(choices.percent(20) ? DAY_MS * (choices.below(3) - 1) : choices.below(5_000));
  else if (kind < 95) await life.restart();
  else if (kind < 99) await life.crash();
  else return life.crashOnDamagedDisk();
  await settled();
}

interface Life {
  /** Starts the program until it runs. */
  start(): Promise<void>;
  append(count: number): void;
  /** Lets it try to heal. */
  wake(): void;
  jump(ms: number): void;
  /** Ends it in order, and starts it again. */
  restart(): Promise<void>;
  crash(): Promise<void>;
  crashOnDamagedDisk(): Promise<void>;
  /** Whether it rightly refuses to start. */
  isOver(): boolean;
  end(): Promise<string[]>;
}

function createLife({ recoverAuditLog }: Program, disk: SimulatedDisk, choices: Choices): Life {
  const outcomes: Outcome[] = [];
  const early = new Set<string>();
  /** Answered before the sync, and taken along by the end of their process. */
  const lost: Outcome[] = [];
  let waiting: (() => void) | undefined;
  let log: AuditLog | undefined;
  let number = 0;
  let isOver = false;
  /** What was refused is stated by a leaf, but for what the end of a process took with it. */
  let isAllStated = true;
  let nowMs = 1_700_000_000_000;
  let monotonicNs = 0n;
  const clock: Clock = { nowMs: () => nowMs, monotonicNs: () => monotonicNs };
  const wait = () =>
    new Promise<void>((resolve) => {
      waiting = resolve;
    });
  const base = logOptions(disk, { clock, wait });
  const options = { ...base, signing: { ...base.signing, random: choices.bytes } };

  const begin = async (): Promise<AuditLog | undefined> => {
    const durability = choices.percent(50) ? 'relaxed' : 'strict';
    const recovered = await recoverAuditLog({ ...options, durability });
    const begun = await pumped(
      disk,
      recovered
        .begin('p')
        .then(() => true)
        .catch(() => false),
    );
    if (begun) return recovered;
    await pumped(
      disk,
      recovered.close('error').catch(() => undefined),
    );
    return undefined;
  };

  const start = async (): Promise<void> => {
    for (log = undefined; !log; log = await begin().catch(unlessAway));
  };

  const close = async (): Promise<void> => {
    const closed = log
      ?.close('shutdown')
      .then(() => true)
      .catch(() => false);
    if (!(await pumped(disk, closed, () => waiting?.()))) endUnstated();
    log = undefined;
  };

  const die = (): void => {
    waiting = undefined;
    disk.crash();
    endUnstated();
  };

  const endUnstated = (): void => {
    isAllStated = false;
    const isLost = ({ route, seq }: Outcome) => early.has(route) && seq !== undefined && seq >= disk.rows.length;
    const now = outcomes.filter(isLost).filter((outcome) => !lost.includes(outcome));
    if (now.length > LIMITS.earlyRecordsMax) throw new Error(`${now.length} records were at risk at one time`);
    lost.push(...now);
  };

  return {
    start,
    append(count) {
      for (let i = 0; i < count && log; i++) {
        const route = `r${number++}`;
        const mayPrecedeSync = choices.percent(60);
        if (mayPrecedeSync) early.add(route);
        void attempt(log, route, { mayPrecedeSync }).then((outcome) => outcomes.push(outcome));
      }
    },
    wake() {
      waiting?.();
    },
    jump(ms) {
      nowMs += ms;
      monotonicNs += BigInt(Math.max(0, ms)) * 1_000_000n;
    },
    async restart() {
      await close();
      await start();
    },
    async crash() {
      die();
      await start();
    },
    async crashOnDamagedDisk() {
      die();
      if (disk.rows.length < 3) return start();
      disk.damage(0, choices.percent(50) ? withOtherPrev : withOtherBytes);
      await start().catch((error) => {
        isOver = (error as { code?: string }).code === 'JIMINI_STORE_CORRUPT';
        if (!isOver) throw error;
      });
      if (!isOver) throw new Error('a run began behind a leaf that does not hold');
    },
    isOver: () => isOver,
    async end() {
      disk.repair();
      await close();
      if (isAllStated) return discrepanciesIn(disk.rows, outcomes);
      await start();
      await close();
      const kept = outcomes.filter((outcome) => !lost.includes(outcome));
      return [...(await lostRecords(disk.rows, kept)), ...numbersGivenTwice(disk.rows, lost)];
    },
  };
}

/** Numbers that callers have had, and that name decisions of others now. */
function numbersGivenTwice(rows: readonly LeafRow[], lost: readonly Outcome[]): string[] {
  const leaves = leavesOf(rows);
  return lost
    .filter(({ seq }) => leaves[seq as number]?.['kind'] === 'decision')
    .map(({ route, seq }) => `${seq} was given out for ${route}, which is lost, and again`);
}

/** A disk that is away is asked again; damage is not. */
function unlessAway(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'JIMINI_STORE_UNAVAILABLE') throw error;
}

/** Ends writes until a promise is settled. */
async function pumped<T>(
  disk: SimulatedDisk,
  promise: Promise<T> | undefined,
  wake?: () => void,
): Promise<T | undefined> {
  let isSettled = false;
  const settles = promise?.finally(() => {
    isSettled = true;
  });
  for (let i = 0; settles && !isSettled; i++) {
    if (i > ENDS_MAX) throw new Error('it hangs');
    await settled();
    wake?.();
    if (disk.isBusy) disk.endWrite();
  }
  return settles;
}

async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Another leaf in this place, whole in itself, that does not follow the one before it. */
function withOtherPrev(row: LeafRow): LeafRow {
  const leaf = Buffer.from(row.bytes).toString('utf8');
  const bytes = Buffer.from(leaf.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${'5'.repeat(64)}"`));
  return { ...row, bytes, hash: leafHash(bytes) };
}

function withOtherBytes(row: LeafRow): LeafRow {
  return { ...row, bytes: Buffer.from(row.bytes).fill(0x20, 5, 6) };
}
