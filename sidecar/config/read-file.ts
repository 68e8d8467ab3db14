import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { LIMITS } from '../kernel/limits.js';

/** Configuration files are small: most are read in one piece. */
const CHUNK_BYTES = 64 * 1024;

/** Why a file gave no text, in words that follow its name: `no such file`. */
export interface Unreadable {
  readonly reason: string;
}

/**
 * A configuration or pack file as text. Regular files only (symlinks followed), at most `LIMITS.configFileBytesMax`,
 * valid UTF-8; a byte order mark is dropped. Refusals are values.
 */
export function readTextFile(path: string): Promise<string | Unreadable> {
  return readAccepted(path);
}

/**
 * A secret: the only line of a file that nobody but its owner could have written and few can read. The file (symlinks
 * followed, as Kubernetes mounts Secrets) belongs to our user, who alone may read it, or to root. Refusals are values.
 */
export async function readSecretFile(path: string): Promise<string | Unreadable> {
  const text = await readPrivateFile(path);
  if (typeof text !== 'string') return text;
  const secret = text.replace(/\r?\n$/, '');
  const isToken = secret.length <= LIMITS.secretCharsMax && /^[!-~]+$/.test(secret);
  return isToken ? secret : { reason: `expected one line of 1 to ${LIMITS.secretCharsMax} visible ASCII characters` };
}

/** The whole text of a file that is kept as a secret is, such as a private key. Refusals are values. */
export function readPrivateFile(path: string): Promise<string | Unreadable> {
  return readAccepted(path, refuseForeign({ ours: 0o077, roots: 0o027, code: 'TOO_OPEN' }));
}

/** The text of a file that anybody may read, but nobody else could have written, such as a certificate. Refusals are values. */
export function readProtectedFile(path: string): Promise<string | Unreadable> {
  return readAccepted(path, refuseForeign({ ours: 0o022, roots: 0o022, code: 'WRITABLE' }));
}

async function readAccepted(path: string, accept?: (stat: Stats) => void): Promise<string | Unreadable> {
  try {
    return decode(await readBounded(path, accept));
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** Refuses files of other users, and those with one of these permission bits. */
function refuseForeign(bits: { ours: number; roots: number; code: string }): (stat: Stats) => void {
  const us = process.getuid?.();
  return ({ uid, mode }) => {
    if (us === undefined) return;
    if (uid !== us && uid !== 0) throw refusal('FOREIGN_OWNER');
    if ((mode & (uid === us ? bits.ours : bits.roots)) !== 0) throw refusal(bits.code);
  };
}

/**
 * The bytes of a regular file, somewhat more than allowed when there are too many. A FIFO is opened without waiting for a
 * writer. `accept` throws for a file that must not be read.
 */
export async function readBounded(path: string, accept?: (stat: Stats) => void): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw refusal('EISDIR');
    if (!stat.isFile()) throw refusal('NOT_REGULAR');
    accept?.(stat);
    const chunks: Uint8Array[] = [];
    let length = 0;
    while (length <= LIMITS.configFileBytesMax) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await handle.close();
  }
}

function decode(bytes: Uint8Array): string | Unreadable {
  if (bytes.length > LIMITS.configFileBytesMax) return { reason: `larger than ${LIMITS.configFileBytesMax} bytes` };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { reason: 'not valid UTF-8' };
  }
}

function refusal(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EISDIR', 'is a directory; name a file'],
  ['NOT_REGULAR', 'not a regular file'],
  ['ELOOP', 'its symbolic links lead nowhere'],
  ['ENXIO', 'not a regular file'],
  ['FOREIGN_OWNER', 'belongs to another user; it must be of the user of this process, or of root'],
  ['TOO_OPEN', 'can be read or written by others; run `chmod 0600` on it (0640 when root owns it)'],
  ['WRITABLE', 'can be written by others; run `chmod go-w` on it'],
]);

/** Why a file could not be opened or read, in words that follow its name: `no such file`. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return REASONS.get(code) ?? `cannot be read (${typeof code === 'string' ? code : 'unknown error'})`;
}
