import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Random } from '../fuzz/random.js';
import type { Acknowledged } from './log-findings.js';

/** How a process that appends is run, until it is killed. */
export interface AppendRun {
  readonly dataDir: string;
  /** Names its records. */
  readonly name: string;
  readonly durability: 'strict' | 'relaxed';
  readonly env?: NodeJS.ProcessEnv;
}

/** Acknowledgements after which it is killed, at most. */
const KILL_AFTER_MAX = 1_500;
/** Of so many runs one is killed while it starts: within this time, ms. */
const STARTS_KILLED_ONE_IN = 4;
const START_MS = 400;

/** Runs it and kills it (SIGKILL) at a random moment. Gives what it had acknowledged by then. */
export async function appendedBeforeKill(run: AppendRun, random: Random): Promise<Acknowledged[]> {
  const program = fileURLToPath(new URL('../audit/append-child.js', import.meta.url));
  const child = spawn(process.execPath, [program, run.dataDir, run.name, run.durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...run.env },
  });
  const isKilledAtStart = random.oneIn(STARTS_KILLED_ONE_IN);
  const timer = isKilledAtStart ? setTimeout(() => child.kill('SIGKILL'), random.below(START_MS)) : undefined;
  const killAfter = isKilledAtStart ? Number.POSITIVE_INFINITY : 1 + random.below(KILL_AFTER_MAX);
  let output = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= killAfter) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself (${signal})`);
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [seq = '', route = '', early] = line.split(' ');
      return { seq: Number(seq), route, mayBeLost: early === 'early' };
    });
}
