import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BOUNDARY_BYTES_MAX, linesOfBoundary } from '../audit/verify/boundary.js';
import { newestHead } from '../audit/verify/head-slots.js';
import type { Evidence, SignedFile } from '../audit/verify/held-against.js';
import { SEGMENT_BYTES_MAX } from '../audit/verify/segment.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { LogCopy } from '../storage/log-copy.js';
import type { CopyStart } from './log-boundary.js';

/** Files that a log is held against, as options name them. */
export interface EvidenceOptions {
  /** A checkpoint that was kept elsewhere. */
  readonly anchor?: string;
  /** Verifier keys from elsewhere. */
  readonly key?: string;
}

const KEY_FILE_BYTES_MAX = 64 * 1024;
/** Proof files that are looked at in one export: all of them are held in memory, up to half a megabyte each. */
const PROOFS_MAX = 100;

/** Opens a regular file: somebody may have put a pipe in its place, which would never end. Rejects with `JIMINI_USAGE`. */
async function readingFile<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openRegular(path);
  try {
    return await read(file);
  } catch (cause) {
    throw cause instanceof JiminiError ? cause : refused(path, codeOf(cause), cause);
  } finally {
    await file.close();
  }
}

/** Pieces of a file as they are read. Rejects with `JIMINI_USAGE`. */
export async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path);
  try {
    yield* file.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false });
  } catch (cause) {
    throw refused(path, codeOf(cause), cause);
  } finally {
    await file.close();
  }
}

const CHUNK_BYTES = 1024 * 1024;

async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw refused(path, codeOf(cause), cause);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw refused(path, 'not a regular file');
}

function refused(path: string, reason: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_USAGE', `${path} cannot be read (${reason})`, { cause });
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unknown error';
}

/** A whole file; of one that is larger than `bytesMax`, one byte more than that, which no reader accepts. */
function readSmallFile(path: string, bytesMax: number): Promise<Buffer> {
  return readingFile(path, async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, 0);
    return buffer.subarray(0, bytesRead);
  });
}

/** What there is to hold an export against. Rejects with `JIMINI_USAGE` when a file cannot be read. */
export async function evidenceOfExport(directory: string, options: EvidenceOptions): Promise<Evidence> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    const message = `${directory} cannot be read (${cause.code ?? 'unknown error'}): name the directory of an export`;
    throw new JiminiError('JIMINI_USAGE', message, { cause });
  });
  const proofs = names.filter((name) => name.endsWith('.tlog-proof')).sort();
  if (proofs.length > PROOFS_MAX) {
    throw new JiminiError('JIMINI_USAGE', `${directory} holds more than ${PROOFS_MAX} proof files`);
  }
  const files: SignedFile[] = await anchorOf(options);
  if (names.includes('checkpoint')) {
    const bytes = await readSmallFile(join(directory, 'checkpoint'), LIMITS.noteBytesMax);
    files.push({ source: 'checkpoint', name: 'checkpoint', bytes });
  }
  for (const name of proofs) {
    const bytes = await readSmallFile(join(directory, name), LIMITS.tlogProofBytesMax);
    files.push({ source: 'proof', name, bytes });
  }
  const boundary = names.includes('boundary.jsonl')
    ? await readSmallFile(join(directory, 'boundary.jsonl'), BOUNDARY_BYTES_MAX)
    : undefined;
  const own = names.includes('key.pub') ? join(directory, 'key.pub') : undefined;
  return {
    files,
    ...(boundary && { boundary: linesOfBoundary(boundary) }),
    ...(await segmentFilesOf(directory, names)),
    ...(await keysOf(options.key ?? own)),
  };
}

/** What makes an export a segment, if it is one. */
async function segmentFilesOf(directory: string, names: readonly string[]): Promise<Pick<Evidence, 'segment'>> {
  if (!names.includes('segment.json')) return {};
  const bytes = await readSmallFile(join(directory, 'segment.json'), SEGMENT_BYTES_MAX);
  const keys = names.includes('keys.jsonl')
    ? await readSmallFile(join(directory, 'keys.jsonl'), BOUNDARY_BYTES_MAX)
    : undefined;
  return { segment: { bytes, keyLeaves: keys ? linesOfBoundary(keys) : [] } };
}

/** The newest checkpoint in a copy, verbatim; undefined = there is none, or none is whole. */
export function checkpointOfCopy({ beside }: Pick<LogCopy, 'beside'>): Uint8Array | undefined {
  const head = newestHead([beside.get('checkpoint.a'), beside.get('checkpoint.b')]);
  return 'why' in head ? undefined : head.checkpoint;
}

/** What there is to hold the log of a data directory against; a damaged head file is told to `onDamage`. */
export async function evidenceOfCopy(
  { beside }: Pick<LogCopy, 'beside'>,
  { boundary }: CopyStart,
  options: EvidenceOptions,
  onDamage: (what: string) => void,
): Promise<Evidence> {
  const head = newestHead([beside.get('checkpoint.a'), beside.get('checkpoint.b')]);
  // Bytes that are no checkpoint: what is there is judged as one.
  const bytes = 'why' in head ? new Uint8Array(0) : head.checkpoint;
  if (!('why' in head) && head.hasDamage) onDamage('one of checkpoint.a and checkpoint.b is not whole');
  const files = await anchorOf(options);
  if (bytes) files.push({ source: 'checkpoint', name: 'checkpoint.a and checkpoint.b', bytes });
  const own = beside.get('key.pub');
  const keys = options.key === undefined && own ? { keys: { name: 'key.pub', bytes: own } } : await keysOf(options.key);
  return { files, ...(boundary && { boundary }), ...keys };
}

/** What there is to hold a log against that a sidecar has sent, with what it said of it. */
export async function evidenceOfRemote(
  told: {
    readonly checkpoint: Uint8Array;
    readonly keys: readonly string[];
    /** Empty = nothing was removed. */
    readonly boundary: readonly Uint8Array[];
  },
  options: EvidenceOptions,
): Promise<Evidence> {
  const files = await anchorOf(options);
  const boundary = told.boundary.length === 0 ? {} : { boundary: told.boundary };
  if (told.checkpoint.length > 0) files.push({ source: 'checkpoint', name: 'its checkpoint', bytes: told.checkpoint });
  if (options.key !== undefined || told.keys.length === 0)
    return { files, ...boundary, ...(await keysOf(options.key)) };
  return {
    files,
    ...boundary,
    keys: { name: 'its keys', bytes: Buffer.from(told.keys.map((key) => `${key}\n`).join('')) },
  };
}

async function anchorOf({ anchor }: EvidenceOptions): Promise<SignedFile[]> {
  if (anchor === undefined) return [];
  return [{ source: 'anchor', name: anchor, bytes: await readSmallFile(anchor, LIMITS.noteBytesMax) }];
}

async function keysOf(path: string | undefined): Promise<Pick<Evidence, 'keys'>> {
  if (path === undefined) return {};
  return { keys: { name: basename(path), bytes: await readSmallFile(path, KEY_FILE_BYTES_MAX) } };
}
