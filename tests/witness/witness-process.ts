import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { jiminiProgram } from '../processes/sidecar.js';

/** `jimini witness serve` in a process of its own. */
export interface WitnessProcess {
  readonly process: ChildProcess;
  readonly verifierKey: string;
  readonly url: string;
  /** Ends it at once and waits for that. */
  kill(): Promise<void>;
}

/** Starts a witness of this log and waits until it says where it listens. */
export async function startWitnessProcess(
  state: string,
  logKeyFile: string,
  listen = '127.0.0.1:0',
): Promise<WitnessProcess> {
  const child = spawn(
    process.execPath,
    [
      ...[jiminiProgram, 'witness', 'serve', '--state', state, '--log-key', logKeyFile],
      ...['--listen', listen, '--format', 'json'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const said = JSON.parse(value ?? 'null') as { verifierKey: string; url: string };
  return {
    ...said,
    process: child,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
