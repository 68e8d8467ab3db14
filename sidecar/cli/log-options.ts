import { type Command, CommanderError, Option } from 'commander';
import { findDataDirectory } from '../config/data-dir.js';
import { JiminiError } from '../kernel/errors.js';
import { type LogCopy, openLogCopy } from '../storage/log-copy.js';
import { type CliIo, complain, linesOf } from './cli-io.js';
import { addConfigFileOption } from './config-options.js';
import type { TlsFlags } from './control-client.js';

/** How a command prints. */
export type Format = 'text' | 'json';

/** What a command of `log` may touch of the process. */
export type LogIo = Pick<CliIo, 'env' | 'directory'>;

/** Where a log is, as the options of a command say it. */
export interface LogPlace {
  readonly dataDir?: string;
  readonly config?: string;
}

/** Gives a command `--data-dir D` and `--config FILE`. */
export function addPlaceOptions(command: Command): Command {
  command.option('--data-dir <dir>', 'data directory of the sidecar (JIMINI_DATA_DIR; else dataDir of the file)');
  return addConfigFileOption(command);
}

/** Gives a command `--address ADDRESS` and what secures the connection. */
export function addRemoteOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--address <address>', 'ask the sidecar whose control port is at HOST:PORT or unix:PATH instead'),
    )
    .addOption(
      new Option('--ca <file>', 'with --address: speak TLS, and accept certificates of these authorities (PEM)'),
    )
    .addOption(new Option('--cert <file>', 'with --ca: client certificate to show (PEM)'))
    .addOption(new Option('--cert-key <file>', 'with --cert: its private key (PEM)'));
}

/** Where a log may be read from, and what secures a connection. */
interface Places extends TlsFlags {
  readonly dataDir?: string;
  readonly export?: string;
  readonly address?: string;
}

/** Throws `JIMINI_USAGE` when options name more than one place, or secure a connection that there is none of. */
export function refuseSeveralPlaces(options: Places): void {
  const places = [options.export, options.dataDir, options.address].filter((place) => place !== undefined);
  if (places.length > 1) throw new JiminiError('JIMINI_USAGE', 'give one of --data-dir, --export and --address');
  if (options.address === undefined && (options.ca ?? options.cert ?? options.certKey) !== undefined) {
    throw new JiminiError('JIMINI_USAGE', '--ca, --cert and --cert-key have no effect without --address');
  }
}

/** `--format text|json`. */
export function formatOption(): Option {
  return new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text');
}

/** Makes usage errors of a command end with its own exit code. Help and version keep 0. */
export function withUsageExit(command: Command, exitCode: number): Command {
  return command.exitOverride((error) => {
    throw new CommanderError(error.exitCode === 0 ? 0 : exitCode, error.code, error.message);
  });
}

/**
 * Runs what a command does. What goes wrong is said in one line on standard error and becomes `failureExit`; a reader
 * of our output that has gone away is no failure.
 */
export async function running(failureExit: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'EPIPE') return;
    complain(process, linesOf(reason));
    process.exitCode = failureExit;
  }
}

/** Gives `work` a private copy of the log and removes it afterwards, also when the program is told to stop. */
export async function withLogCopy(place: LogPlace, io: LogIo, work: (copy: LogCopy) => Promise<void>): Promise<void> {
  const file = place.config === undefined ? {} : { file: place.config };
  const dataDir = await findDataDirectory({ ...io, ...file }, place.dataDir);
  let removeSync = () => {};
  const stop = (signal: NodeJS.Signals) => {
    removeSync();
    process.kill(process.pid, signal);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const copy = await openLogCopy(dataDir, (remove) => {
      removeSync = remove;
    });
    try {
      await work(copy);
    } finally {
      await copy.remove();
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
