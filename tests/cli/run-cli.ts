import { PassThrough, Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { runProgram } from '../../sidecar/cli/program.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly directory?: string;
  readonly extra?: readonly Command[];
}

/** Runs the command line within this process, with streams of its own. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [text(stdout), text(stderr)];
  const { env = {}, stdin = '', directory = process.cwd(), extra = [] } = options;
  const io = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr: stderr as Writable, env, directory };
  const code = await runProgram(argv, io, extra);
  stdout.end();
  stderr.end();
  return { code, out: await out, err: await err };
}
