import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Root of the repository: this file runs from build/tests/processes. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The built command line, to be run by this Node. */
export const jiminiProgram = join(repositoryRoot, 'build', 'sidecar', 'cli', 'jimini.js');

/** A real sidecar in a process of its own. */
export interface SidecarProcess {
  readonly pid: number;
  /** Bound addresses, as the log line says them. */
  readonly data: string;
  readonly control: string;
  readonly ops: string;
  /** Standard output and error so far. */
  output(): string;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface SidecarProcessOptions {
  readonly dataDir: string;
  /** Variables beside those of the listeners, which get free ports on loopback. */
  readonly env?: Record<string, string>;
  /** Command to put before Node, such as `taskset -c 0`. */
  readonly prefix?: readonly string[];
  /** Flags after `serve`. */
  readonly args?: readonly string[];
}

/** Those of the launcher. */
const PROGRAM_FLAGS = [
  '--enable-source-maps',
  '--disable-proto=delete',
  '--v8-pool-size=1',
  '--expose-gc',
  '--no-separate-gc-phases',
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  '--no-allocation-site-pretenuring',
];

/** For tests that do not look at what is found: loading the default packs takes most of a start. */
export const FEW_RULES = { JIMINI_PACKS: 'pci' };

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** Starts `jimini serve` and waits until it listens. Rejects with its output when it does not. */
export async function startSidecarProcess(options: SidecarProcessOptions): Promise<SidecarProcess> {
  const [command = process.execPath, ...before] = [...(options.prefix ?? []), process.execPath];
  const child = spawn(command, [...before, ...PROGRAM_FLAGS, jiminiProgram, 'serve', ...(options.args ?? [])], {
    env: { ...cleanEnvironment(), ...listenersOnFreePorts, JIMINI_DATA_DIR: options.dataDir, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const listening = new Promise<{ data: string; control: string; ops: string }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not listening in time:\n${lines.join('\n')}`)), START_TIMEOUT_MS);
    const collect = (line: string) => {
      lines.push(line);
      if (!line.includes('"listening"')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line));
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', collect);
    child.once('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it listened:\n${lines.join('\n')}`));
    });
  });
  try {
    const { data, control, ops } = await listening;
    return {
      pid: child.pid ?? 0,
      data,
      control,
      ops,
      output: () => lines.join('\n'),
      stop: (signal) => stop(child, signal),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

const listenersOnFreePorts = {
  JIMINI_LISTEN_DATA: '127.0.0.1:0',
  JIMINI_LISTEN_CONTROL: '127.0.0.1:0',
  JIMINI_LISTEN_OPS: '127.0.0.1:0',
};

/** The environment without settings of whoever runs the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(JIMINI_|OTEL_)/.test(name)));
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'close');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }
  return { code: child.exitCode, signal: child.signalCode };
}
