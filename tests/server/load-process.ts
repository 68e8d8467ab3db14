import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** What a server process says of itself. Bytes, except `cpuMs`. */
export interface ServerState {
  calls: number;
  bytes: number;
  overloads: number;
  peakRss: number;
  rss: number;
  cpuMs: number;
}

/** Starts `load-target.ts`, or another program that does as it does, as a process and ends it after the test. */
export async function startServerProcess<State = ServerState>(
  t: ExecutionContext,
  program = new URL('load-target.js', import.meta.url),
): Promise<{ address: string; state(input?: string): Promise<State> }> {
  const child = spawn(process.execPath, [fileURLToPath(program)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  const address = await line();
  return {
    address,
    async state(input = '') {
      child.stdin.write(`${input}\n`);
      return JSON.parse(await line()) as State;
    },
  };
}
