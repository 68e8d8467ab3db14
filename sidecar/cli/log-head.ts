import { Command, Option } from 'commander';
import { leafHash } from '../audit/leaf-hash.js';
import { membersOf } from '../audit/leaf-members.js';
import { parseStatement } from '../audit/verify/checkpoints.js';
import { parseNote } from '../audit/verify/signed-note.js';
import { JiminiError } from '../kernel/errors.js';
import { printable, withActiveEscaped } from '../kernel/printable.js';
import {
  addPlaceOptions,
  addRemoteOptions,
  type Format,
  formatOption,
  type LogIo,
  running,
  withUsageExit,
} from './log-options.js';
import { standardOutput, writeTo } from './log-output.js';
import { type LogSource, type SourceOptions, withLogSource } from './log-source.js';

const USAGE_EXIT = 2;

/** `log head`. */
export function headCommand(io: LogIo): Command {
  const command = new Command('head')
    .description(
      'Print the size of the log, the hash of its last leaf, and its newest checkpoint: what to keep elsewhere.',
    )
    .addOption(new Option('--export <dir>', 'read an export instead'))
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nThe checkpoint stands behind the first empty line, or is the field `checkpoint`. Keep it elsewhere, and hold the log against' +
        '\nit later: `jimini log verify --anchor FILE`. Nothing is verified here.' +
        '\n\nExamples:\n  jimini log head\n  jimini log head --format json | jq -rj .checkpoint > kept/monday.checkpoint' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a damaged leaf.',
    )
    .action((options: SourceOptions & { format: Format }) =>
      running(USAGE_EXIT, () => withLogSource(options, io, (source) => head(source, options.format))),
    );
  return withUsageExit(addRemoteOptions(addPlaceOptions(command)), USAGE_EXIT);
}

async function head(source: LogSource, format: Format): Promise<void> {
  const last = await source.last();
  if (!last) throw new JiminiError('JIMINI_USAGE', 'the log holds no leaves yet');
  const { log_id, time_ms, kind } = membersOf(last.bytes);
  const facts = {
    log_id,
    size: last.seq + 1,
    first_seq: source.firstSeq,
    seq: last.seq,
    hash: leafHash(last.bytes),
    kind,
    time_ms,
    ...signedFacts(source),
  };
  const note = source.checkpoint && Buffer.from(source.checkpoint).toString('utf8');
  if (format === 'json') {
    const keys = source.keys ? Buffer.from(source.keys).toString('utf8').trimEnd().split('\n') : [];
    const json = JSON.stringify({ ...facts, checkpoint: note ?? null, verifier_keys: keys });
    return writeTo(standardOutput(), `${withActiveEscaped(json)}\n`);
  }
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(11)} ${printable(String(value))}`);
  const noteLines =
    note === undefined
      ? []
      : [
          '',
          ...note
            .trimEnd()
            .split('\n')
            .map((line) => printable(line)),
        ];
  await writeTo(standardOutput(), `${[...lines, ...noteLines].join('\n')}\n`);
}

function signedFacts({ checkpoint }: LogSource): { readonly signed_size?: number; readonly root?: string } {
  const note = checkpoint && parseNote(checkpoint);
  const statement = note && !('why' in note) ? parseStatement(note.text) : undefined;
  if (!statement || 'why' in statement) return {};
  return { signed_size: statement.size, root: statement.root.toString('hex') };
}
