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

/** Starts `load-target.ts` as a process and ends it after the test. */
export async function startServerProcess(
  t: ExecutionContext,
): Promise<{ address: string; state(): Promise<ServerState> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('load-target.js', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  const address = await line();
  return {
    address,
    async state() {
      child.stdin.write('\n');
      return JSON.parse(await line()) as ServerState;
    },
  };
}
