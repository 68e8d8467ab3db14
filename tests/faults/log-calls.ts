import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Acknowledged, wrongInLog } from './log-findings.js';
import { tracedPaths } from './traced-paths.js';

const CALLS = ['write', 'pwrite64', 'fdatasync', 'fsync', 'openat', 'rename', 'unlink'] as const;
const ERRORS = ['ENOSPC', 'EIO', 'EMFILE', 'EINTR'] as const;
/** How many calls in a row fail: one, as many as the log outlives, or all that follow. */
const LASTING = ['once', '25 times', 'for good'] as const;
const LASTS = { once: '', '25 times': (when: number) => `..${when + 24}`, 'for good': '+' };
/** Bytes between two limits of the size of files: a write that would cross the limit is cut there. Prime, so that all places in a record come up. */
const SHORT_STEP = 991;

/** One fault of the operating system while a log runs. */
export interface LogFault {
  readonly call: (typeof CALLS)[number] | 'short write';
  /** Empty for a short write. */
  readonly error: (typeof ERRORS)[number] | '';
  /** Which call of the thread for files fails, from 1; for a short write the size that no file can pass. */
  readonly when: number;
  readonly lasting: (typeof LASTING)[number];
  readonly durability: 'strict' | 'relaxed';
}

export function nameOf({ call, error, when, lasting, durability }: LogFault): string {
  return `${call} ${when} ${error} ${lasting}, ${durability}`;
}

/** Every fault there can be: a run without any says how many calls there are. `most` bounds their number for each call; 0 = all. */
export async function allLogFaults(most: number): Promise<LogFault[]> {
  const counts = await countCalls();
  const faults: LogFault[] = [];
  for (const durability of ['strict', 'relaxed'] as const) {
    for (const call of CALLS) {
      // What relaxed durability changes is how records are written.
      if (durability === 'relaxed' && !['write', 'fdatasync'].includes(call)) continue;
      const count = most > 0 ? Math.min(most, counts.get(call) ?? 0) : (counts.get(call) ?? 0);
      for (const error of ERRORS) {
        for (const lasting of LASTING) {
          // Who is interrupted tries again, for ever.
          if (error === 'EINTR' && lasting === 'for good') continue;
          for (let when = 1; when <= count; when++) faults.push({ call, error, when, lasting, durability });
        }
      }
    }
    for (const lasting of LASTING) {
      const sizes = Math.ceil((counts.get('bytes') ?? 0) / SHORT_STEP);
      for (let at = 1; at <= (most > 0 ? Math.min(most, sizes) : sizes); at++) {
        faults.push({ call: 'short write', error: '', when: at * SHORT_STEP, lasting, durability });
      }
    }
  }
  return faults;
}

interface Told extends Partial<Acknowledged> {
  readonly route: string;
}

/** What a run says of itself. */
interface Report {
  readonly told: readonly Told[];
  readonly crashes: number;
  readonly starts: number;
  readonly unsignedRuns: number;
}

/** Runs the log under a fault, then in order, and gives what is wrong with it in the end. `module` names another build of it. */
export async function faultyLog(fault: LogFault, module?: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-calls-'));
  try {
    const dataDir = join(folder, 'data');
    const { told, crashes, unsignedRuns } = await run(dataDir, fault, module);
    const acknowledged = told.filter((one): one is Acknowledged => one.seq !== undefined);
    return await wrongInLog(dataDir, { acknowledged, crashes, unsignedRuns });
  } catch (error) {
    return [`stopped: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 400)}`];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(dataDir: string, fault: LogFault, module?: string): Promise<Report> {
  const own = [dataDir, fault.durability, ...(module === undefined ? [] : [module])];
  if (fault.call !== 'short write') return child([...straceOf(fault, dataDir), ...program, ...own]);
  const LIFT_AFTER = { once: '1', '25 times': '25', 'for good': '1000' }[fault.lasting];
  return child(['prlimit', `--fsize=${fault.when}:unlimited`, ...program, ...own], { LIFT_AFTER });
}

const program = [process.execPath, fileURLToPath(new URL('calls-child.js', import.meta.url))];

function straceOf({ call, error, when, lasting }: LogFault, dataDir: string): string[] {
  const last = LASTS[lasting];
  const which = `${when}${typeof last === 'string' ? last : last(when)}`;
  const inject = `inject=${call}:error=${error}:when=${which}`;
  return [
    'strace',
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    inject,
    ...tracedPaths(dataDir),
  ];
}

/** Calls of each kind that one thread makes for files of the log, and the bytes of its largest file. */
async function countCalls(): Promise<ReadonlyMap<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-calls-'));
  try {
    const [dataDir, trace] = [join(folder, 'data'), join(folder, 'trace')];
    const calls = `trace=${[...CALLS, 'lseek'].join(',')}`;
    await child([
      'strace',
      '-f',
      '-qq',
      '-o',
      trace,
      '-e',
      calls,
      ...tracedPaths(dataDir),
      ...program,
      dataDir,
      'strict',
    ]);
    const byThread = new Map<string, number>();
    let bytes = 0;
    const written = new Map<string, number>();
    for (const line of (await readFile(trace, 'utf8')).split('\n')) {
      const [, thread, call, fd] = /^(\d+) +(\w+)\((\d*)/.exec(line) ?? [];
      if (thread === undefined || call === undefined) continue;
      byThread.set(`${call} ${thread}`, (byThread.get(`${call} ${thread}`) ?? 0) + 1);
      if (call !== 'write' || fd === undefined) continue;
      const sum = (written.get(fd) ?? 0) + Number(/= (\d+)$/.exec(line)?.[1] ?? 0);
      written.set(fd, sum);
      bytes = Math.max(bytes, sum);
    }
    const counts = new Map<string, number>([['bytes', bytes]]);
    for (const [key, count] of byThread) {
      const [call = ''] = key.split(' ');
      counts.set(call, Math.max(counts.get(call) ?? 0, count));
    }
    return counts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const RUN_MS_MAX = 30_000;

/** Runs a program to its end, and reads what it says. */
async function child([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Report> {
  // strace counts per thread: one thread for files makes the number mean something.
  const options = { env: { ...process.env, UV_THREADPOOL_SIZE: '1', ...env }, detached: true };
  const running = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => process.kill(-(running.pid ?? 0), 'SIGKILL'), RUN_MS_MAX);
  let [stdout, stderr] = ['', ''];
  running.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  running.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    running.on('close', (...how) => resolve(how)),
  );
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the process ended with ${code ?? signal}: ${stderr.slice(-2_000)}`);
  return JSON.parse(stdout) as Report;
}
