import { type FileHandle, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { leafHash } from '../audit/leaf-hash.js';
import type { LogRows } from '../audit/log-store.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import { JiminiError } from '../kernel/errors.js';
import {
  addPlaceOptions,
  type Format,
  formatOption,
  type LogIo,
  type LogPlace,
  running,
  withLogCopy,
  withUsageExit,
} from './log-options.js';
import { standardOutput, writeTo } from './log-output.js';

interface ExportOptions extends LogPlace {
  readonly out: string;
  readonly format: Format;
}

const USAGE_EXIT = 2;
const WRITE_BYTES = 1024 * 1024;

/** `log export --out DIR`. */
export function exportCommand(io: LogIo): Command {
  const command = new Command('export')
    .description('Write all leaves to DIR/entries.jsonl, one per line, their stored bytes verbatim.')
    .requiredOption('--out <dir>', 'directory to write to; created if need be, nothing in it is overwritten')
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExample:\n  jimini log export --out handover' +
        '\n\nAlso writes DIR/head.json: size and hash of the last leaf. It is not signed; it shows damage, not a forger.' +
        '\nNothing is judged here, so that damaged leaves can be handed over too: run `jimini log verify --export DIR`.' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a database that cannot be read to its end.',
    )
    .action((options: ExportOptions) =>
      running(USAGE_EXIT, () => withLogCopy(options, io, ({ log }) => exportLog(log, options))),
    );
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

async function exportLog(log: LogRows, { out, format }: ExportOptions): Promise<void> {
  await createDirectory(out);
  const entries = join(out, 'entries.jsonl');
  const head = join(out, 'head.json');
  const partial = `${entries}.partial`;
  for (const path of [entries, head]) await refuseExisting(path);
  await rm(partial, { force: true });
  const { size, last } = await writing(partial, (file) => writeEntries(file, log)).catch(async (error) => {
    await rm(partial, { force: true });
    throw error;
  });
  if (last) {
    const text = canonicalJson({ hash: leafHash(last), log_id: logIdOf(last), size });
    await writing(head, (file) => file.writeFile(`${text}\n`));
  }
  await rename(partial, entries);
  const text = format === 'json' ? JSON.stringify({ entries, head, size }) : `${size} leaves written to ${entries}`;
  await writeTo(standardOutput(), `${text}\n`);
}

/** Only the last part of the path: with all of it Node never returns from some places, such as /proc. */
async function createDirectory(path: string): Promise<void> {
  const { code = 'unknown error' } = await mkdir(path, { mode: 0o700 }).then(
    () => ({ code: '' }),
    (error: NodeJS.ErrnoException) => error,
  );
  if (code === '') return;
  if (code === 'EEXIST' && (await stat(path).catch(() => undefined))?.isDirectory()) return;
  const reason = code === 'EEXIST' ? 'is not a directory' : `cannot be created (${code})`;
  throw new JiminiError('JIMINI_USAGE', `--out: ${path} ${reason}: name a directory whose parent is there`);
}

/** Empty when the leaf does not say it: damaged leaves are handed over too. */
function logIdOf(leaf: Uint8Array): string {
  try {
    const { log_id: logId } = JSON.parse(Buffer.from(leaf).toString('utf8')) as { log_id?: unknown };
    return typeof logId === 'string' ? logId : '';
  } catch {
    return '';
  }
}

async function writeEntries(file: FileHandle, log: LogRows): Promise<{ size: number; last: Uint8Array | undefined }> {
  const newline = Buffer.from('\n');
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let size = 0;
  let last: Uint8Array | undefined;
  const flush = async () => {
    await file.writeFile(Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  for await (const { bytes } of log.rowsFrom(0)) {
    pending.push(bytes, newline);
    pendingBytes += bytes.length + 1;
    size += 1;
    last = bytes;
    if (pendingBytes >= WRITE_BYTES) await flush();
  }
  await flush();
  return { size, last };
}

/** Writes a new file for the owner only, synced before it counts. A link that waits in its place is not followed. */
async function writing<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'wx', 0o600);
  try {
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

async function refuseExisting(path: string): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))) return;
  throw new JiminiError('JIMINI_USAGE', `${path} is there already: name another directory`);
}
