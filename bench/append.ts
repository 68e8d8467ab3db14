import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AuditLog } from '../sidecar/audit/audit-log.js';
import type { BatchEntry } from '../sidecar/audit/batch.js';
import type { LogStore, NewRow } from '../sidecar/audit/log-store.js';
import { prepareDataDirectory } from '../sidecar/storage/data-directory.js';
import { decision, levelLogOptions, openAuditLog } from '../tests/audit/records.js';
import { repositoryRoot } from '../tests/processes/sidecar.js';
import type { OpenedLongLog } from './long-log.js';
import { summary } from './statistics.js';

const ENVELOPE_BYTES = 2048;
/** Appends and the bare loop take turns of this length, so that a slow minute of the disk hits both. */
const TURN_SECONDS = 10;
const FILL_CALLERS = 512;

export interface AppendOptions {
  /** On a disk. */
  readonly folder: string;
  /** Of each steady phase. */
  readonly seconds: number;
  /** The log is filled up to so many leaves before it is opened anew. */
  readonly leaves: number;
}

/** Records at a fixed rate. */
interface Phase {
  readonly what: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly envelopeBytes: number;
}

export interface PhaseResult extends Phase {
  readonly latencyMs: ReturnType<typeof summary>;
  readonly failed: number;
  /** Records of one group, median of groups, and the bytes that they are stored as. */
  readonly groups: { readonly count: number; readonly records: number };
  /** A write and fdatasync of as many bytes as each group had. */
  readonly bareMs: ReturnType<typeof summary>;
}

export interface AppendResult {
  readonly phases: readonly PhaseResult[];
  readonly opened: OpenedLongLog;
}

/**
 * The append path alone at fixed rates (open loop: a record that is late delays no other), beside a bare write+fdatasync loop of the
 * same sizes; then the same log with many leaves, opened by a process of its own.
 */
export async function measureAppend({ folder, seconds, leaves }: AppendOptions): Promise<AppendResult> {
  const dataDir = await prepareDataDirectory(join(folder, 'data'));
  const groups: number[][] = [];
  const options = levelLogOptions(dataDir);
  const log = await openAuditLog({ ...options, store: counted(options.store, groups) });
  const phases: PhaseResult[] = [];
  const steady: readonly Phase[] = [
    { what: 'leaf only', perSecond: 5_000, seconds, envelopeBytes: 0 },
    { what: 'with 2 KB', perSecond: 2_000, seconds, envelopeBytes: ENVELOPE_BYTES },
    { what: 'with 2 KB', perSecond: 5_000, seconds, envelopeBytes: ENVELOPE_BYTES },
    { what: 'burst, leaf only', perSecond: 20_000, seconds: 2, envelopeBytes: 0 },
  ];
  try {
    await appendAt(log, { what: 'warm-up', perSecond: 5_000, seconds: 2, envelopeBytes: ENVELOPE_BYTES });
    for (const phase of steady) {
      phases.push(await measurePhase(log, phase, { folder, groups }));
      process.stderr.write(`  ${phase.what} at ${phase.perSecond}/s for ${phase.seconds} s\n`);
    }
    await fill(log, leaves);
  } finally {
    await log.close('shutdown');
  }
  return { phases, opened: await openedAnew(dataDir) };
}

async function measurePhase(
  log: AuditLog,
  phase: Phase,
  { folder, groups }: { folder: string; groups: number[][] },
): Promise<PhaseResult> {
  const latencies: number[] = [];
  const bare: number[] = [];
  const records: number[] = [];
  let failed = 0;
  for (let done = 0; done < phase.seconds; done += TURN_SECONDS) {
    groups.length = 0;
    const turn = await appendAt(log, { ...phase, seconds: Math.min(TURN_SECONDS, phase.seconds - done) });
    failed += turn.failed;
    latencies.push(...turn.latenciesMs);
    const bytes: number[] = [];
    for (const [count, size] of groups as [number, number][]) {
      records.push(count);
      bytes.push(size);
    }
    bare.push(...(await bareLatenciesMs(folder, bytes)));
  }
  const { p50 } = summary(records);
  return {
    ...phase,
    latencyMs: summary(latencies),
    failed,
    groups: { count: records.length, records: p50 },
    bareMs: summary(bare),
  };
}

/** Appends by schedule; latencies count from when a record was due. */
async function appendAt(log: AuditLog, { perSecond, seconds, envelopeBytes }: Phase) {
  const envelope = randomBytes(envelopeBytes);
  const entry: BatchEntry & { leafFields: ReturnType<typeof decision> } = {
    leafFields: decision('/v1/chat/completions'),
    ...(envelopeBytes > 0 && { seal: () => envelope }),
  };
  const latenciesMs: number[] = [];
  let failed = 0;
  let sent = 0;
  const total = perSecond * seconds;
  const startMs = performance.now();
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const dueMs = startMs + (sent * 1000) / perSecond;
      log.append(entry).then(
        () => latenciesMs.push(performance.now() - dueMs),
        () => failed++,
      );
    }
    await sleep(1);
  }
  while (latenciesMs.length + failed < total) await sleep(5);
  return { latenciesMs, failed };
}

/** A store that keeps of each group how many records and bytes it had. */
function counted(store: LogStore, groups: number[][]): LogStore {
  const bytesOf = (row: NewRow) => row.bytes.length + (row.envelope?.length ?? 0);
  return {
    async open() {
      const handle = await store.open();
      const write = handle.write.bind(handle);
      handle.write = (rows, ...more) => {
        groups.push([rows.length, rows.reduce((sum, row) => sum + bytesOf(row), 0)]);
        return write(rows, ...more);
      };
      return handle;
    },
  };
}

async function bareLatenciesMs(folder: string, sizes: readonly number[]): Promise<number[]> {
  const path = join(folder, 'bare');
  const file = await open(path, 'a');
  const bytes = randomBytes(Math.max(1, ...sizes));
  const latencies: number[] = [];
  for (const size of sizes) {
    const startMs = performance.now();
    await file.write(bytes, 0, size);
    await file.datasync();
    latencies.push(performance.now() - startMs);
  }
  await file.close();
  await rm(path);
  return latencies;
}

async function fill(log: AuditLog, leaves: number): Promise<void> {
  const leafFields = decision('/v1/chat/completions');
  const caller = async () => {
    while (log.size < leaves) await log.append({ leafFields });
  };
  await Promise.all(Array.from({ length: FILL_CALLERS }, caller));
  process.stderr.write(`  filled up to ${log.size} leaves\n`);
}

async function openedAnew(dataDir: string): Promise<OpenedLongLog> {
  const program = join(repositoryRoot, 'build', 'bench', 'long-log.js');
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program, dataDir]);
  return JSON.parse(stdout) as OpenedLongLog;
}
