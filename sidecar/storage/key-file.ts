import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, open, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { syncDirectory } from './data-directory.js';

/** More than an Ed25519 key in PKCS #8 and PEM has. */
const FILE_BYTES_MAX = 4096;
/** Read and write for group and owner: what Kubernetes makes of every file of a volume for fsGroup when it mounts it. */
const FS_GROUP_MODE = 0o660;

/**
 * The Ed25519 private key in a file (PKCS #8, PEM), or undefined when there is no file. Rejects with `JIMINI_CONFIG_INVALID`
 * when it is another user's, others may read or write it, or it holds no such key. What fsGroup has opened to its group is
 * closed again, as it is for the data directory: otherwise no pod could start a second time.
 */
export async function readKeyFile(path: string): Promise<KeyObject | undefined> {
  // A link or a pipe that waits in its place is not followed, and not waited for.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw refused(path, `cannot be read (${cause.code ?? 'unknown error'})`, 'name a regular file of your own', cause);
  });
  try {
    return file && (await keyOf(file, path));
  } finally {
    await file?.close();
  }
}

/**
 * Makes a new Ed25519 key and its file (mode 0600), and resolves after both are on disk; the file is there whole or not at
 * all. Rejects with `JIMINI_CONFIG_INVALID` when there is something in its place already, or it cannot be written.
 */
export async function createKeyFile(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const partial = `${path}.partial`;
  try {
    await rm(partial, { force: true });
    await writeFile(partial, pem, { flag: 'wx', mode: 0o600, flush: true });
    // Unlike a rename, a link never takes the place of another file.
    await link(partial, path);
    await rm(partial);
    await syncDirectory(dirname(path));
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    await rm(partial, { force: true }).catch(() => undefined);
    throw refused(path, `cannot be created (${code})`, 'name a path that is free, in a directory of your own', cause);
  }
  return privateKey;
}

async function keyOf(file: FileHandle, path: string): Promise<KeyObject> {
  const found = await file.stat();
  refuseUnsafe(found, path);
  if ((found.mode & 0o777) === FS_GROUP_MODE) await file.chmod(0o600);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
  const key = ed25519KeyOf(buffer.subarray(0, bytesRead));
  buffer.fill(0);
  if (key) return key;
  throw refused(path, 'holds no Ed25519 private key in PEM', 'restore it from a backup');
}

/** The Ed25519 private key in a PEM text, or undefined. Why it is none is not told: nobody needs to know what else is in a file of secrets. */
export function ed25519KeyOf(pem: string | Buffer): KeyObject | undefined {
  const key = privateKeyOf(pem);
  return key?.asymmetricKeyType === 'ed25519' ? key : undefined;
}

function privateKeyOf(pem: string | Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    return undefined;
  }
}

function refuseUnsafe(found: Stats, path: string): void {
  if (!found.isFile()) throw refused(path, 'is not a regular file', 'name a regular file of your own');
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    throw refused(path, `belongs to user ${found.uid}, and this process is user ${uid}`, 'name a file of your own');
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o077) !== 0 && mode !== FS_GROUP_MODE) {
    const text = mode.toString(8).padStart(4, '0');
    throw refused(
      path,
      `is open to others (mode ${text})`,
      'whoever could read it can sign; replace it, or run `chmod 600`',
    );
  }
}

function refused(path: string, what: string, advice: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_CONFIG_INVALID', `key file: ${path} ${what}: ${advice}`, { cause });
}
