import type { KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { syncDirectory } from './data-directory.js';
import { openHeadFile } from './head-file.js';
import { createKeyFile, readKeyFile } from './key-file.js';
import { replaceFile } from './replace-file.js';

/** What a checkpoint may have, and more than the other files do. */
const FILE_BYTES_MAX = LIMITS.noteBytesMax;
// A link or a pipe that waits in the place of a file is not followed, and not waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Copies of evidence that are kept of one size. A log that has been cut so often needs a person, not another copy. */
const EVIDENCE_MAX = 100;

/**
 * Reads what a data directory keeps of keys and checkpoints: the port of the log's signing (`audit/signing`). `given` is the private key that the
 * configuration names. Rejects with `JIMINI_CONFIG_INVALID` when a key of our own cannot be used, `JIMINI_STORE_UNAVAILABLE` when another file cannot be read.
 */
export async function openSigningFiles(dataDir: string, given?: KeyObject) {
  const own = join(dataDir, 'signing.key');
  const next = nextKeyFile(dataDir);
  const publicKeys = join(dataDir, 'key.pub');
  const acknowledged = acknowledgementFile(dataDir);
  const head = await openHeadFile(dataDir);
  const cosigned = await openHeadFile(dataDir, 'cosigned');
  return {
    newest: head.newest,
    cosigned: cosigned.newest,
    publicKeys: (await textOf(publicKeys)) ?? '',
    keys: { given, own: await readKeyFile(own), next: await readKeyFile(next) },
    acknowledged: await textOf(acknowledged),
    async makeNextKey() {
      // One that never came into force, or has been followed by another.
      await rm(next, { force: true });
      return createKeyFile(next);
    },
    async keepOnly(signer: 'given' | 'own' | 'next') {
      if (signer === 'own') return;
      await attempt(own, async () => {
        if (signer === 'next') await rename(next, own);
        else await Promise.all([rm(own, { force: true }), rm(next, { force: true })]);
        await syncDirectory(dataDir);
      });
    },
    writePublicKeys: (text: string) => attempt(publicKeys, () => replaceFile(publicKeys, text)),
    writeCheckpoint: (note: Uint8Array) => head.write(note),
    writeCosigned: (note: Uint8Array) => cosigned.write(note),
    async keepEvidence(signedSize: number) {
      const directory = join(dataDir, 'evidence');
      const found = head.newest ? [head.newest] : await Promise.all(head.damaged.map(bytesOf));
      if (cosigned.newest && cosigned.newest.length > 0) found.push(cosigned.newest);
      await attempt(directory, async () => {
        for (const bytes of found) await keepOnce(directory, `checkpoint-${signedSize}`, bytes);
      });
    },
    forgetAcknowledged: () => attempt(acknowledged, () => rm(acknowledged, { force: true })),
  };
}

/** Where the key is that takes the place of our own with the next start. */
export function nextKeyFile(dataDir: string): string {
  return join(dataDir, 'signing.key.next');
}

/** Where it is written that somebody has seen that the log does not go on. */
export function acknowledgementFile(dataDir: string): string {
  return join(dataDir, 'acknowledged-gap.json');
}

/** Under the first number that is free, unless these bytes are there already. */
async function keepOnce(directory: string, name: string, bytes: Buffer): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (let number = 1; number <= EVIDENCE_MAX; number += 1) {
    const path = join(directory, `${name}-${number}`);
    const there = await bytesOf(path).catch(() => undefined);
    if (there?.equals(bytes)) return;
    if (there) continue;
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600, flush: true });
    return syncDirectory(directory);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  const bytes = await bytesOf(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw unavailable(path, cause);
  });
  return bytes?.toString('utf8');
}

/** The beginning of a regular file: all of it, if it is one of ours. */
async function bytesOf(path: string): Promise<Buffer> {
  const file = await open(path, FLAGS);
  try {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' });
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  return work().catch((cause: NodeJS.ErrnoException) => {
    throw unavailable(path, cause);
  });
}

function unavailable(path: string, cause: NodeJS.ErrnoException): JiminiError {
  const what = `${path} cannot be read or written (${cause.code ?? 'unknown error'})`;
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', what, { cause });
}
