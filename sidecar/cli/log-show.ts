import { Command, InvalidArgumentError } from 'commander';
import { readLeaves } from '../audit/log-reader.js';
import type { LogRows } from '../audit/log-store.js';
import { JiminiError } from '../kernel/errors.js';
import { type CopyStart, startOfCopy } from './log-boundary.js';
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
        await withLogCopy(options, io, async ({ log }) => show(log, await startOfCopy(log), range, options));
      }),
    );
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

async function show(
  log: LogRows,
  { firstSeq }: CopyStart,
  range: Range | undefined,
  options: ShowOptions,
): Promise<void> {
  const size = ((await log.lastRows(1))[0]?.seq ?? -1) + 1;
  const from = range?.from ?? Math.max(firstSeq, size - (options.last ?? LAST_BY_DEFAULT));
  const to = Math.min(range?.to ?? size, size - 1);
  if (range && from >= size) throw new JiminiError('JIMINI_USAGE', `the log has ${size} leaves: there is no ${from}`);
  if (from < firstSeq)
    throw new JiminiError('JIMINI_USAGE', `leaf ${from} was removed: the log begins with ${firstSeq}`);
  const out = standardOutput();
  for await (const { bytes } of readLeaves(log, { from, to, firstSeq })) {
    if (options.format === 'text') await writeTo(out, `${leafText(bytes)}\n`);
    else await writeTo(out, Buffer.concat([bytes, Buffer.from('\n')]));
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
