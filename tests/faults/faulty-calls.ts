import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../processes/client.js';
import { FEW_RULES, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { type Findings, foundAfter, startLoad } from './findings.js';
import { tracedPaths } from './traced-paths.js';

/** One fault of the operating system. */
export interface Fault {
  readonly call: 'write' | 'fdatasync' | 'fsync' | 'openat' | 'rename';
  readonly error: 'ENOSPC' | 'EIO' | 'EMFILE' | 'EINTR';
  /** Which call of a thread fails, from 1, of those for files of the data directory. */
  readonly when: number;
  /** All later ones fail, too, until the fault is lifted. */
  readonly isSticky: boolean;
}

/** What became of a sidecar whose system calls failed. */
export interface FaultFindings extends Findings {
  /** The call was made, and failed. */
  readonly isHit: boolean;
  /** `refused` = it did not start, `healed` = it recorded again after the fault, without a restart, `stuck` = it did not. */
  readonly service: 'refused' | 'healed' | 'stuck';
}

/** Faults that make sense of each call. */
const ERRORS: Readonly<Record<Fault['call'], readonly Fault['error'][]>> = {
  write: ['ENOSPC', 'EIO', 'EINTR'],
  fdatasync: ['EIO', 'ENOSPC'],
  fsync: ['EIO', 'ENOSPC'],
  openat: ['EMFILE', 'EIO', 'ENOSPC'],
  rename: ['EIO', 'ENOSPC'],
};

/** Every fault of the first `most` calls of each kind, single ones and sticky ones. */
export function allFaults(most: number): Fault[] {
  return Object.entries(ERRORS).flatMap(([call, errors]) =>
    errors.flatMap((error) =>
      Array.from({ length: most }, (_, index) =>
        [false, true].map((isSticky) => ({ call, error, when: index + 1, isSticky })),
      ).flat(),
    ),
  ) as Fault[];
}

export function nameOf({ call, error, when, isSticky }: Fault): string {
  return `${call} ${when}${isSticky ? ' and later' : ''}: ${error}`;
}

/** The more paths, the slower. */
const NUMBERS_MAX = 9;
const LOAD_MS = 700;
const HEAL_MS_MAX = 20_000;

/**
 * Runs a loaded sidecar under strace, which makes system calls fail, lifts the fault, and waits until decisions are recorded
 * again. Then it is ended and started as usual, and every decision that was acknowledged is looked for.
 */
export async function faultyCalls(fault: Fault): Promise<FaultFindings> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-calls-'));
  const [dataDir, trace] = [join(folder, 'data'), join(folder, 'trace')];
  let sidecar: SidecarProcess | undefined;
  try {
    sidecar = await startSidecarProcess({
      dataDir,
      prefix: ['strace', ...straceArguments(fault, dataDir, trace)],
      // strace counts per thread: one thread for files makes the number mean something.
      env: { ...FEW_RULES, UV_THREADPOOL_SIZE: '1' },
    }).catch((error: Error) => {
      if (error.message.startsWith('ended with ')) return undefined;
      throw error;
    });
    if (!sidecar) return { ...(await foundAfter(dataDir, [])), service: 'refused', isHit: await isHitIn(trace) };
    const load = startLoad(sidecar.data, 8);
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    await detach(sidecar.pid);
    const isHealed = await recordsAgain(sidecar);
    const acknowledged = await load.stop();
    await sidecar.stop();
    const findings = await foundAfter(dataDir, acknowledged);
    return { ...findings, service: isHealed ? 'healed' : 'stuck', isHit: await isHitIn(trace) };
  } finally {
    await sidecar?.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

/** `-D`: strace is a child of what it traces, so that signals reach the sidecar; `-I 1`: it lets go when it is told to end. */
function straceArguments({ call, error, when, isSticky }: Fault, dataDir: string, trace: string): string[] {
  return [
    ...['-D', '-I', '1', '-f', '-qq', '-o', trace, '-e', `trace=${call}`],
    ...['-e', `inject=${call}:error=${error}:when=${when}${isSticky ? '+' : ''}`],
    ...tracedPaths(dataDir, NUMBERS_MAX),
  ];
}

async function isHitIn(trace: string): Promise<boolean> {
  return (await readFile(trace, 'utf8').catch(() => '')).includes('(INJECTED)');
}

/** Ends the tracer of a process, which lets it go on without faults. */
async function detach(pid: number): Promise<void> {
  const tracer = Number(/^TracerPid:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
  if (!tracer) return;
  process.kill(tracer, 'SIGTERM');
  while (/^TracerPid:\s*[1-9]/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function recordsAgain({ data }: SidecarProcess): Promise<boolean> {
  const client = connect(data);
  try {
    for (const endMs = performance.now() + HEAL_MS_MAX; performance.now() < endMs; ) {
      const answer = await client.evaluate({ text: 'clean text' }).catch(() => undefined);
      if (answer && answer.decisionId !== '') return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  } finally {
    client.close();
  }
}
