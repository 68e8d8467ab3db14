import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolPath } from '../tools/programs.js';
import { type EnvoyConfig, listenerNames } from './sample-config.js';

/** Envoy is up within a second; a machine under load takes longer. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export interface RunningEnvoy {
  /** Port of the first listener on 127.0.0.1. */
  readonly port: number;
  /** Base address of the admin interface, `http://127.0.0.1:PORT`. */
  readonly admin: string;
  /** What Envoy has printed so far, access log lines included. */
  output(): string;
  /** Resolves to the first line of the output that holds `text`. */
  line(text: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a real Envoy with a configuration whose listeners may ask for port 0, and resolves when it serves. */
export async function startEnvoy(config: EnvoyConfig): Promise<RunningEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-envoy-'));
  const file = join(folder, 'envoy.json');
  const adminFile = join(folder, 'admin');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  // JSON is YAML, and Envoy takes either.
  await writeFile(file, JSON.stringify({ admin, ...config }));
  const envoy = spawn(
    toolPath('envoy') ?? 'envoy',
    [
      '-c',
      file,
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '-l',
      'warning',
      '--file-flush-interval-msec',
      '10',
    ].concat(['--admin-address-path', adminFile]),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [envoy.stdout, envoy.stderr]) stream.on('data', (chunk) => (output += chunk));
  const stop = async () => {
    await end(envoy);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const address = await until(envoy, () => readFile(adminFile, 'utf8'));
    const ports = await until(envoy, () => listeningPorts(`http://${address}`, listenerNames(config)));
    return {
      port: ports[0] as number,
      admin: `http://${address}`,
      output: () => output,
      line: (text) => until(envoy, async () => output.split('\n').find((line) => line.includes(text))),
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`Envoy did not start: ${output.slice(-2000)}`, { cause: error });
  }
}

/** Ports of the listeners in their order, or undefined while one is not there or Envoy is not ready. */
async function listeningPorts(admin: string, names: readonly string[]): Promise<number[] | undefined> {
  if (!(await fetch(`${admin}/ready`)).ok) return undefined;
  const listeners = (await (await fetch(`${admin}/listeners?format=json`)).json()) as ListenerStatuses;
  const ports = names.map(
    (name) =>
      listeners.listener_statuses?.find((status) => status.name === name)?.local_address.socket_address.port_value ?? 0,
  );
  return ports.every((port) => port > 0) ? ports : undefined;
}

interface ListenerStatuses {
  listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
}

/** Asks again and again until there is an answer; a failed question counts as none. */
async function until<T>(envoy: ChildProcess, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && answer !== '') return answer;
    if (envoy.exitCode !== null || envoy.pid === undefined) throw new Error('Envoy has ended');
    if (Date.now() > end) throw new Error('Envoy gave no answer in time');
    await sleep(20);
  }
}

async function end(envoy: ChildProcess): Promise<void> {
  if (envoy.pid === undefined || envoy.exitCode !== null || envoy.signalCode !== null) return;
  const exited = once(envoy, 'exit');
  envoy.kill('SIGTERM');
  const giveUp = setTimeout(() => envoy.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(giveUp);
}
