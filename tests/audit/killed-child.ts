import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Programs that say on standard output what was acknowledged, one line for each: one that appends, and one that removes old leaves as well. */
export type Child = 'append-child.js' | 'prune-child.js';

/** When a program is killed: whichever comes first. */
interface KillPoint {
  /** Lines that it has printed. */
  readonly lines?: number;
  /** Time since it was started, ms. */
  readonly ms?: number;
}

/** Runs a program until it is killed (SIGKILL), and gives the whole lines that it had printed by then. Rejects when it ends by itself. */
export async function linesBeforeKill(
  program: Child,
  args: readonly string[],
  { lines = Number.POSITIVE_INFINITY, ms }: KillPoint,
  env: NodeJS.ProcessEnv = {},
): Promise<string[]> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const timer = ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ms);
  let output = '';
  let printed = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    printed += chunk.split('\n').length - 1;
    if (printed >= lines) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself (${signal})`);
  return output.split('\n').slice(0, -1);
}
