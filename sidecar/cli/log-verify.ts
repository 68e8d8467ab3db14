import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { entriesOfLines, entriesOfPairs } from '../audit/verify/sources.js';
import { unreadableStore, type VerifyReport, verifyEntries, verifyHead } from '../audit/verify/verify-entries.js';
import { JiminiError } from '../kernel/errors.js';
import { complain, linesOf } from './cli-io.js';
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
import type { TlsFlags } from './log-remote.js';

interface VerifyOptions extends LogPlace, TlsFlags {
  readonly export?: string;
  readonly address?: string;
  readonly format: Format;
}

const BAD_INPUT_EXIT = 4;
/** More than any head file has, so that a longer one is still seen to be another one. */
const HEAD_BYTES_KEPT_MAX = 1024;
const EXITS: Readonly<Record<VerifyReport['status'], number>> = { ok: 0, tampered: 1, 'bad input': BAD_INPUT_EXIT };

/** `log verify`. */
export function verifyCommand(io: LogIo): Command {
  const command = new Command('verify')
    .description('Derive the hash chain again, in code that shares nothing with the writer, and say where it breaks.')
    .addOption(new Option('--export <dir>', 'verify DIR/entries.jsonl of an export instead'))
    .addOption(
      new Option(
        '--address <address>',
        'verify the log of the sidecar whose control port is at HOST:PORT or unix:PATH',
      ),
    )
    .addOption(
      new Option('--ca <file>', 'with --address: speak TLS, and accept certificates of these authorities (PEM)'),
    )
    .addOption(new Option('--cert <file>', 'with --ca: client certificate to show (PEM)'))
    .addOption(new Option('--cert-key <file>', 'with --cert: its private key (PEM)'))
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExamples:\n  jimini log verify --config jimini.yaml\n  jimini log verify --export handover' +
        '\n  JIMINI_TOKEN_FILE=ana.token jimini log verify --address 127.0.0.1:9001' +
        '\n\nExit codes: 0 the log holds; 1 it was tampered with or is damaged; 4 nothing to verify, no consistent copy' +
        '\nafter 5 tries, or bad usage.' +
        '\nFormat v0 has no signed checkpoints: leaves cut off at the end, or a log forged from beginning to end, cannot' +
        '\nbe noticed. Write down what `jimini log head` prints, and compare.',
    )
    .action((options: VerifyOptions) =>
      running(BAD_INPUT_EXIT, async () => {
        const places = [options.export, options.dataDir, options.address].filter((place) => place !== undefined);
        if (places.length > 1) {
          throw new JiminiError('JIMINI_USAGE', 'give one of --data-dir, --export and --address');
        }
        if (options.address === undefined && (options.ca ?? options.cert ?? options.certKey) !== undefined) {
          throw new JiminiError('JIMINI_USAGE', '--ca, --cert and --cert-key have no effect without --address');
        }
        await verify(options, io);
      }),
    );
  return withUsageExit(addPlaceOptions(command), BAD_INPUT_EXIT);
}

async function verify(options: VerifyOptions, io: LogIo): Promise<void> {
  if (options.address !== undefined) {
    const { verifyRemote } = await import('./log-remote.js');
    return finish(await verifyRemote({ ...options, address: options.address }, io, showProgress), options.format);
  }
  if (options.export !== undefined) return finish(await verifyExport(options.export), options.format);
  let report: VerifyReport | undefined;
  await withLogCopy(options, io, async ({ log }) => {
    report = await verifyEntries(entriesOfPairs(log.rawRows()), showProgress);
  }).catch((error) => {
    if (!(error instanceof JiminiError) || error.code !== 'JIMINI_STORE_CORRUPT') throw error;
    complain(process, linesOf(error));
    report ??= unreadableStore();
  });
  if (report) await finish(report, options.format);
}

async function verifyExport(directory: string): Promise<VerifyReport> {
  const report = await readingFile(join(directory, 'entries.jsonl'), (file) => {
    const chunks = file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false });
    return verifyEntries(entriesOfLines(chunks), showProgress);
  });
  if (!(await lstat(join(directory, 'head.json')).catch(() => undefined))) return report;
  return readingFile(join(directory, 'head.json'), async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES_KEPT_MAX));
    return verifyHead(report, buffer.subarray(0, bytesRead));
  });
}

/** Opens a regular file: somebody may have put a pipe in its place, which would never end. */
async function readingFile<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  const refused = (reason: string, cause?: unknown) =>
    new JiminiError('JIMINI_USAGE', `${path} cannot be read (${reason}): name the directory of an export`, { cause });
  const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw refused(codeOf(cause), cause);
  });
  try {
    if (!(await file.stat()).isFile()) throw refused('not a regular file');
    return await read(file);
  } catch (cause) {
    throw cause instanceof JiminiError ? cause : refused(codeOf(cause), cause);
  } finally {
    await file.close();
  }
}

function showProgress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} leaves verified`);
}

async function finish(report: VerifyReport, format: Format): Promise<void> {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  process.exitCode = EXITS[report.status];
  const text = format === 'json' ? JSON.stringify(asJson(report)) : asText(report);
  await writeTo(standardOutput(), `${text}\n`);
}

function asJson({ status, entries, logId, last, fault }: VerifyReport): object {
  return {
    status,
    entries,
    log_id: logId ?? null,
    head: last ? { seq: last.seq, hash: last.hash } : null,
    closed: last?.kind === 'close',
    fault: fault ? { seq: fault.seq, rule: fault.rule, found: fault.found, meaning: fault.meaning } : null,
    format: 'v0',
  };
}

function asText({ status, entries, logId, last, fault }: VerifyReport): string {
  switch (status) {
    case 'ok': {
      const end =
        last?.kind === 'close' ? '' : '\nThe last leaf is no close: the log is in use, or the program was killed.';
      return (
        `ok: ${entries} leaves of log ${logId} hold; the last is ${last?.seq}, hash ${last?.hash}${end}` +
        '\nFormat v0 has no signed checkpoints: leaves cut off at the end cannot be noticed.'
      );
    }
    case 'tampered':
      return (
        `TAMPERED at ${fault?.seq}: ${fault?.found} (rule ${fault?.rule})` +
        `\nIt means: ${fault?.meaning}.` +
        `\n${entries} leaves before it hold.`
      );
    case 'bad input':
      return 'nothing to verify: there are no leaves';
  }
}
