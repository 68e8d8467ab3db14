import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../tests/processes/sidecar.js';
import { installHint, toolPath } from '../tests/tools/programs.js';

const CONNECTIONS = 4;
/** How long ghz may take beyond its time: to connect, to wait for the last answers, to write its report. */
const MARGIN_MS = 60_000;

/** One request at a fixed rate, again and again. */
export interface GhzLoad {
  readonly address: string;
  /** Full name of the method, without a slash before it. */
  readonly call: string;
  /** The message, as bytes. */
  readonly message: Uint8Array;
  readonly perSecond: number;
  /** How long to go on, if nobody stops it before. */
  readonly seconds: number;
  /** For files that are gone afterwards. */
  readonly folder: string;
  /** Command to put before ghz, such as `taskset -c 1`. */
  readonly prefix?: readonly string[];
}

/** What became of one request. */
export interface GhzSample {
  /** When it was sent, on the clock of `performance.now()` of this process. */
  readonly sentMs: number;
  readonly latencyMs: number;
  readonly isOk: boolean;
}

/** A run under way. */
export interface GhzRun {
  /** Sends nothing more, waits for the answers, and gives all samples in the order in which they were sent. */
  stop(): Promise<readonly GhzSample[]>;
  /** Waits until it ends by itself. */
  finished(): Promise<readonly GhzSample[]>;
}

interface Report {
  readonly details: readonly { readonly timestamp: string; readonly latency: number; readonly status: string }[];
}

/**
 * Starts ghz, whose collector does not stop it for as long as that of a client in Node. `--async`: a slow answer delays no other request,
 * so nothing is hidden by coordinated omission. Throws where it is not installed.
 */
export async function startGhz(load: GhzLoad): Promise<GhzRun> {
  const ghz = toolPath('ghz');
  if (!ghz) throw new Error(`ghz is not installed: ${installHint('ghz')}`);
  const message = join(load.folder, 'ghz-message.bin');
  const output = join(load.folder, 'ghz.json');
  await writeFile(message, load.message);
  await rm(output, { force: true });
  const args = [
    ['--insecure', '--async', '--protoset', join(repositoryRoot, 'proto', 'gen', 'jimini.binpb')],
    ['--call', load.call, '--binary-file', message, '--rps', String(load.perSecond)],
    ['-z', `${load.seconds}s`, '--duration-stop', 'wait', '--connections', String(CONNECTIONS)],
    ['-c', '64', '--format', 'json', '--output', output, load.address],
  ].flat();
  const [command = ghz, ...rest] = [...(load.prefix ?? []), ghz, ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: load.seconds * 1000 + MARGIN_MS,
  });
  const ended = endOf(child);
  const finished = async () => {
    await ended;
    return samplesOf(JSON.parse(await readFile(output, 'utf8')) as Report);
  };
  return {
    stop: () => {
      child.kill('SIGINT');
      return finished();
    },
    finished,
  };
}

/** Rejects with what it said when it fails. */
async function endOf(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`ghz failed: ${said.trim()}`);
}

function samplesOf({ details }: Report): readonly GhzSample[] {
  return details
    .map(({ timestamp, latency, status }) => ({
      sentMs: Date.parse(timestamp) - performance.timeOrigin,
      latencyMs: latency / 1e6,
      isOk: status === 'OK',
    }))
    .sort((a, b) => a.sentMs - b.sentMs);
}
