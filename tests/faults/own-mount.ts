import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UNSHARE } from '../tools/requirements.js';

/** A tmpfs in a mount namespace of its own, which outlives the processes that run in it. */
export interface OwnMount {
  /** The place of the tmpfs, for processes in the namespace. */
  readonly path: string;
  /** What to put before a command, so that it runs in the namespace. */
  readonly prefix: readonly string[];
  /** The same path as everybody else sees it. */
  outside(path: string): string;
  /** Runs a shell script in the namespace; `$0` is the place of the tmpfs. */
  run(script: string): Promise<void>;
  /** Copies a directory out of it, to a place that goes with it. */
  copied(path: string): Promise<string>;
  remove(): Promise<void>;
}

/** Makes one of this size (`size=` of tmpfs). */
export async function createOwnMount(size: string): Promise<OwnMount> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-mount-'));
  const path = join(folder, 'mount');
  await mkdir(path);
  const script = `mount -t tmpfs -o size=${size} tmpfs "$0" && echo mounted && exec sleep 1000`;
  const holder: ChildProcess = spawn('unshare', [...UNSHARE, 'sh', '-c', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (holder.stdout) await once(holder.stdout, 'data');
  const user = UNSHARE.includes('-m') ? [] : ['-U', '--preserve-credentials'];
  const prefix = ['nsenter', '-t', `${holder.pid}`, ...user, '-m', '--'];
  const outside = (inner: string) => `/proc/${holder.pid}/root${inner}`;
  return {
    path,
    prefix,
    outside,
    async run(commands) {
      const [command = '', ...args] = [...prefix, 'sh', '-ec', commands, path];
      await promisify(execFile)(command, args);
    },
    async copied(inner) {
      const target = join(folder, 'copied');
      await cp(outside(inner), target, { recursive: true });
      return target;
    },
    async remove() {
      holder.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
