import { type FileHandle, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { DaySegment } from '../audit/segment/day-segment.js';
import { JiminiError } from '../kernel/errors.js';
import {
  addPlaceOptions,
  addRemoteOptions,
  type Format,
  formatOption,
  type LogIo,
  running,
  withLogCopy,
  withUsageExit,
} from './log-options.js';
import { refuseExisting, standardOutput, writeNewFile, writeTo } from './log-output.js';
import { parseDay, segmentOf } from './log-segment.js';
import { type LogSource, type SourceOptions, withLogSource } from './log-source.js';

interface ExportOptions extends SourceOptions {
  readonly out: string;
  readonly format: Format;
  readonly day?: string;
}

const USAGE_EXIT = 2;
const WRITE_BYTES = 1024 * 1024;

/** `log export --out DIR`. */
export function exportCommand(io: LogIo): Command {
  const command = new Command('export')
    .description(
      'Write all leaves to DIR/entries.jsonl, one per line, their stored bytes verbatim, with checkpoint and key.pub.',
    )
    .requiredOption('--out <dir>', 'directory to write to; created if need be, nothing in it is overwritten')
    .option(
      '--day <day>',
      'only the leaves of one day (UTC), YYYY-MM-DD, and what shows where they stand in the log',
      parseDay,
    )
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExample:\n  jimini log export --out handover' +
        '\n  jimini log export --day 2026-03-31 --out march-31' +
        '\n\nDIR/checkpoint is the newest signed checkpoint, DIR/key.pub the verifier keys of the log,' +
        '\nDIR/boundary.jsonl, where leaves were removed, what shows that they rightly were.' +
        '\nNothing is judged here, so that damaged leaves can be handed over too: run `jimini log verify --export DIR`.' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a database that cannot be read to its end.',
    )
    .action((options: ExportOptions) => running(USAGE_EXIT, () => exportTo(options, io)));
  return withUsageExit(addRemoteOptions(addPlaceOptions(command)), USAGE_EXIT);
}

async function exportTo(options: ExportOptions, io: LogIo): Promise<void> {
  const { day } = options;
  if (day === undefined) return withLogSource(options, io, (source) => exportLog(source, options));
  if (options.address !== undefined)
    throw new JiminiError('JIMINI_USAGE', '--day needs the data directory, not --address');
  return withLogCopy(options, io, async (copy) => exportDay(await segmentOf(copy, day), day, options));
}

async function exportDay(segment: DaySegment, day: string, { out, format }: ExportOptions): Promise<void> {
  const { entries, size } = await writeExport(out, segment.leaves(), segment.files);
  const { first, end, mayLackRemoved } = segment;
  const lacking = mayLackRemoved ? '; those before were removed, and some of them may have been of that day' : '';
  const text = `${size} leaves written to ${entries}: those of ${day} (UTC), from ${first} to ${end - 1}${lacking}`;
  const checkpoint = join(out, 'checkpoint');
  const json = { entries, checkpoint, size, first_seq: first, day, may_lack_removed: mayLackRemoved };
  await writeTo(standardOutput(), `${format === 'json' ? JSON.stringify(json) : text}\n`);
}

async function exportLog(source: LogSource, { out, format }: ExportOptions): Promise<void> {
  const { checkpoint, keys, boundary, firstSeq } = source;
  const { entries, size } = await writeExport(out, source.leaves(), {
    checkpoint,
    'key.pub': keys,
    'boundary.jsonl': boundary && linesOf(boundary),
  });
  const isSigned = checkpoint !== undefined;
  const removed = firstSeq > 0 ? `, from ${firstSeq} on: those before were removed` : '';
  const written = `${size} leaves written to ${entries}${removed}${isSigned ? '' : '; no checkpoint is there to sign them'}`;
  const json = { entries, checkpoint: isSigned ? join(out, 'checkpoint') : null, size, first_seq: firstSeq };
  await writeTo(standardOutput(), `${format === 'json' ? JSON.stringify(json) : written}\n`);
}

/** Writes leaves and the files beside them to a directory; the leaves have their name last, when all is there. */
async function writeExport(
  out: string,
  leaves: AsyncIterable<Uint8Array>,
  files: Readonly<Record<string, Uint8Array | undefined>>,
): Promise<{ entries: string; size: number }> {
  await createDirectory(out);
  const entries = join(out, 'entries.jsonl');
  const beside = Object.entries(files).map(([name, bytes]) => [join(out, name), bytes] as const);
  const partial = `${entries}.partial`;
  for (const path of [entries, ...beside.map(([name]) => name)]) await refuseExisting(path);
  await rm(partial, { force: true });
  const size = await writeNewFile(partial, (file) => writeEntries(file, leaves)).catch(async (error) => {
    await rm(partial, { force: true });
    throw error;
  });
  for (const [path, bytes] of beside) if (bytes) await writeNewFile(path, (file) => file.writeFile(bytes));
  await rename(partial, entries);
  return { entries, size };
}

function linesOf(leaves: readonly Uint8Array[]): Buffer {
  return Buffer.concat(leaves.flatMap((leaf) => [leaf, Buffer.from('\n')]));
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

async function writeEntries(file: FileHandle, leaves: AsyncIterable<Uint8Array>): Promise<number> {
  const newline = Buffer.from('\n');
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let size = 0;
  const flush = async () => {
    await file.writeFile(Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  for await (const bytes of leaves) {
    pending.push(bytes, newline);
    pendingBytes += bytes.length + 1;
    size += 1;
    if (pendingBytes >= WRITE_BYTES) await flush();
  }
  await flush();
  return size;
}
