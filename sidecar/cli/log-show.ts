import { Command, InvalidArgumentError } from 'commander';
import { readLeaves } from '../audit/log-reader.js';
import type { LogRows } from '../audit/log-store.js';
import { JiminiError } from '../kernel/errors.js';
import { printable, withActiveEscaped } from '../kernel/printable.js';
import { leafText } from './log-leaf-text.js';
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

interface Range {
  readonly from: number;
  readonly to: number;
}

interface ShowOptions extends LogPlace {
  readonly format: Format;
  readonly last?: number;
}

const USAGE_EXIT = 2;
const LAST_BY_DEFAULT = 20;

/** `log show [SEQ|FROM-TO] [--last N]`. */
export function showCommand(io: LogIo): Command {
  const command = new Command('show')
    .description(`Print leaves, each checked against its hash. Without a range: the last ${LAST_BY_DEFAULT}.`)
    .argument('[range]', 'one sequence number, or FROM-TO (both included)', parseRange)
    .option('--last <n>', 'the last n leaves', parseCount)
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nWith --format json: one leaf per line, its stored bytes verbatim.' +
        '\n\nExamples:\n  jimini log show\n  jimini log show 100-120 --format json' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a leaf that is damaged or missing.',
    )
    .action((range: Range | undefined, options: ShowOptions) =>
      running(USAGE_EXIT, async () => {
        if (range && options.last !== undefined)
          throw new JiminiError('JIMINI_USAGE', 'give a range or --last, not both');
        await withLogCopy(options, io, ({ log }) => show(log, range, options));
      }),
    );
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

/** `log head`. */
export function headCommand(io: LogIo): Command {
  const command = new Command('head')
    .description('Print the size of the log and the hash of its last leaf: what to write down elsewhere.')
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExample:\n  jimini log head --format json' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a damaged leaf.',
    )
    .action((options: LogPlace & { format: Format }) =>
      running(USAGE_EXIT, () => withLogCopy(options, io, ({ log }) => head(log, options.format))),
    );
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

async function show(log: LogRows, range: Range | undefined, options: ShowOptions): Promise<void> {
  const size = ((await log.lastRows(1))[0]?.seq ?? -1) + 1;
  const from = range?.from ?? Math.max(0, size - (options.last ?? LAST_BY_DEFAULT));
  const to = Math.min(range?.to ?? size, size - 1);
  if (range && from >= size) throw new JiminiError('JIMINI_USAGE', `the log has ${size} leaves: there is no ${from}`);
  const out = standardOutput();
  for await (const { bytes } of readLeaves(log, from, to)) {
    if (options.format === 'text') await writeTo(out, `${leafText(bytes)}\n`);
    else await writeTo(out, Buffer.concat([bytes, Buffer.from('\n')]));
  }
}

async function head(log: LogRows, format: Format): Promise<void> {
  const seq = (await log.lastRows(1))[0]?.seq;
  if (seq === undefined) throw new JiminiError('JIMINI_USAGE', 'the log holds no leaves yet');
  for await (const { bytes, hash } of readLeaves(log, seq, seq)) {
    const { log_id, time_ms, kind } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
    const facts = { log_id, size: seq + 1, seq, hash, kind, time_ms };
    const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(8)} ${printable(String(value))}`);
    const text = format === 'json' ? withActiveEscaped(JSON.stringify(facts)) : lines.join('\n');
    await writeTo(standardOutput(), `${text}\n`);
  }
}

function parseRange(text: string): Range {
  const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected a sequence number, or FROM-TO.');
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  if (to < from) throw new InvalidArgumentError('The end of the range is before its beginning.');
  return { from, to };
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Expected a number from 1.');
  return Number(text);
}
