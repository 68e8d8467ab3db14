import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, type Stats, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { ListenerName } from '../config/listen-address.js';
import { refused } from './listen-refused.js';

const DIRECTORY_MODE = 0o750;
const CONNECT_MS = 1000;

/**
 * Makes `path` free to bind: its directory exists and is ours, and a socket that a killed process left there is gone.
 * Removes nothing but a socket of our own user that nobody answers on. Throws JIMINI_LISTEN_REFUSED.
 */
export async function prepareSocketPath(path: string, name: ListenerName): Promise<void> {
  prepareDirectory(dirname(path), name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw refused(name, `${path} exists and is no socket; remove it or choose another path`);
  if (found.uid !== process.geteuid?.()) throw refused(name, `the socket ${path} belongs to another user`);
  const outcome = await tryConnect(path);
  if (outcome !== 'ECONNREFUSED') {
    throw refused(name, `the socket ${path} is in use (${outcome}); is another instance running?`);
  }
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now && !sameFile(now, found)) throw refused(name, `the socket ${path} was replaced just now by another process`);
  if (now) unlinkSync(path);
}

/**
 * Runs `bind`, which must create the socket before it returns, so that the file is never open wider than `mode`: until
 * the final mode is set, only our own user can connect. The file takes the process's group, whatever the directory says.
 */
export function bindSocketFile(path: string, mode: number, bind: () => void): void {
  // Not the final mode's complement: a directory that a thread makes in this moment would have no x bit.
  const umask = process.umask(0o077);
  try {
    bind();
  } finally {
    process.umask(umask);
  }
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return; // bind failed; the server's 'error' event says why
  lchownSync(path, effectiveUser(), effectiveGroup());
  chmodSync(path, mode);
}

function prepareDirectory(directory: string, name: ListenerName): void {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (!found) createDirectory(directory, name);
  else refuseDirectory(directory, found, name);
}

function refuseDirectory(directory: string, found: Stats, name: ListenerName): void {
  if (!found.isDirectory()) throw refused(name, `${directory} is not a directory (links are not followed)`);
  if (found.uid !== effectiveUser()) throw refused(name, `the directory ${directory} belongs to another user${advice}`);
  if ((found.mode & 0o022) !== 0) throw refused(name, `the directory ${directory} is writable by others${advice}`);
}

const advice = '; put the socket into a directory of its own below it, which is then created';

function createDirectory(directory: string, name: ListenerName): void {
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
    chownSync(directory, effectiveUser(), effectiveGroup());
    chmodSync(directory, DIRECTORY_MODE); // mkdir's mode passes through the umask
  } catch (error) {
    throw refused(name, `cannot create the socket directory ${directory} (${errorCode(error)})`, error);
  }
}

function tryConnect(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(CONNECT_MS, () => end('no answer'));
    socket.once('connect', () => end('somebody answers'));
    socket.once('error', (error) => end(errorCode(error)));
  });
}

function sameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** The system's name of an error, such as EADDRINUSE. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

function effectiveUser(): number {
  return process.geteuid?.() ?? -1;
}

function effectiveGroup(): number {
  return process.getegid?.() ?? -1;
}
