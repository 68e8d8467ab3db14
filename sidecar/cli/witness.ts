import { Command } from 'commander';
import { printable } from '../kernel/printable.js';
import { startWitness } from '../wiring/witness-server.js';
import { type CliContext, complain, linesOf, printLines } from './cli-io.js';
import { type Format, formatOption, withUsageExit } from './log-options.js';

const USAGE_EXIT = 2;

interface ServeOptions {
  readonly state: string;
  readonly listen: string;
  readonly logKey: readonly string[];
  readonly name?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly format: Format;
}

/** `jimini witness serve`: a small witness, for tests and small installations. */
export function witnessCommand(context: CliContext): Command {
  return new Command('witness')
    .description('Run a witness, which cosigns checkpoints of logs that continue what it saw before.')
    .addCommand(serveCommand(context));
}

function serveCommand({ io }: CliContext): Command {
  const command = new Command('serve')
    .description('Answer add-checkpoint (C2SP tlog-witness) until SIGTERM, SIGINT or SIGHUP. Prints its verifier key.')
    .requiredOption('--state <dir>', 'directory of its key and of what it cosigned; made when it is missing')
    .requiredOption('--log-key <file...>', 'files with verifier keys of the logs that it serves, one a line')
    .option('--listen <address>', 'IP:PORT', '127.0.0.1:9003')
    .option(
      '--name <name>',
      'name of its key at the first start, such as witness.example/w1 (default: made of the key)',
    )
    .option('--tls-cert <file>', 'certificate, PEM, its chain after it; needed beyond this machine')
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .addOption(formatOption())
    .addHelpText('after', '\nExample:\n  jimini witness serve --state ./witness --log-key log.pub')
    .action(async (options: ServeOptions) => {
      const { tlsCert, tlsKey } = options;
      if ((tlsCert === undefined) !== (tlsKey === undefined)) command.error('--tls-cert and --tls-key belong together');
      const witness = await startWitness({
        state: options.state,
        listen: options.listen,
        logKeyFiles: options.logKey,
        ...(options.name !== undefined && { name: options.name }),
        ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { certFile: tlsCert, keyFile: tlsKey } }),
        onEvidence: (kind, origin, path) => complain(io, [refusalLine(kind, origin, path)]),
        onError: (error) => complain(io, linesOf(error)),
      });
      const { verifierKey, url } = witness;
      printLines(io, options.format === 'json' ? [JSON.stringify({ verifierKey, url })] : [verifierKey, url]);
      await signalled();
      await witness.close();
    });
  return withUsageExit(command, USAGE_EXIT);
}

function refusalLine(kind: string, origin: string, path: string | undefined): string {
  const what = kind === 'fork' ? 'told two histories of one size' : 'offered what does not continue what was cosigned';
  const where = path === undefined ? 'the pair was not kept' : `the pair is in ${path}.known and .offered`;
  return `${printable(origin, 200)} ${what}; ${where}`;
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
