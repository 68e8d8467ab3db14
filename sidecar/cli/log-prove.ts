import { Command, InvalidArgumentError, Option } from 'commander';
import { formatTlogProof } from '../audit/notes/tlog-proof.js';
import { parseStatement } from '../audit/verify/checkpoints.js';
import { isIncluded } from '../audit/verify/merkle.js';
import { parseNote } from '../audit/verify/signed-note.js';
import { JiminiError } from '../kernel/errors.js';
import { addPlaceOptions, addRemoteOptions, type LogIo, running, withUsageExit } from './log-options.js';
import { standardOutput, writeNewFile, writeTo } from './log-output.js';
import { type LogSource, type SourceOptions, withLogSource } from './log-source.js';

const USAGE_EXIT = 2;

/** `log prove SEQ [--out FILE]`. */
export function proveCommand(io: LogIo): Command {
  const command = new Command('prove')
    .description('Write a C2SP tlog-proof: it shows, without the log at hand, that one leaf is in it.')
    .argument('<seq>', 'sequence number of the leaf', parseSeq)
    .addOption(new Option('--export <dir>', 'take it from an export instead'))
    .addOption(new Option('--out <file>', 'write a new file instead of standard output'))
    .addHelpText(
      'after',
      '\nIt leads from the leaf to the newest checkpoint; a leaf that is not signed yet cannot be proven.' +
        '\nPut beside entries.jsonl as NAME.tlog-proof, `jimini log verify --export` checks it.' +
        '\n\nExample:\n  jimini log prove 4711 --out leaf-4711.tlog-proof' +
        '\n\nExit codes: 0 success, 2 bad usage or input, or a log that does not lead to its checkpoint.',
    )
    .action((seq: number, options: SourceOptions & { out?: string }) =>
      running(USAGE_EXIT, () =>
        withLogSource(options, io, async (source) => {
          const proof = await proofOf(source, seq);
          if (options.out === undefined) await writeTo(standardOutput(), proof);
          else await writeNewFile(options.out, (file) => file.writeFile(proof));
        }),
      ),
    );
  return withUsageExit(addRemoteOptions(addPlaceOptions(command)), USAGE_EXIT);
}

async function proofOf(source: LogSource, index: number): Promise<Buffer> {
  const { checkpoint } = source;
  const note = checkpoint && parseNote(checkpoint);
  const tree = note && !('why' in note) ? parseStatement(note.text) : undefined;
  if (!checkpoint || !tree || 'why' in tree) {
    throw new JiminiError(
      'JIMINI_USAGE',
      'the log has no checkpoint that could be read: there is nothing to prove it by',
    );
  }
  if (index >= tree.size) {
    throw new JiminiError(
      'JIMINI_USAGE',
      `the newest checkpoint has ${tree.size} leaves: leaf ${index} cannot be proven yet`,
    );
  }
  if (index < source.firstSeq) {
    const message = `leaf ${index} was removed: the log begins with leaf ${source.firstSeq}`;
    throw new JiminiError('JIMINI_USAGE', message);
  }
  const { leafHash, hashes } = await source.prove(index, tree.size);
  // What is handed out must hold: the store, or the sidecar, may be damaged or lie.
  if (
    isIncluded(
      { hash: leafHash, index },
      tree,
      hashes.map((hash) => Buffer.from(hash)),
    )
  ) {
    return formatTlogProof({ index, hashes, checkpoint });
  }
  throw new JiminiError('JIMINI_USAGE', 'the log does not lead to its checkpoint: run `jimini log verify`');
}

function parseSeq(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a sequence number.');
  return Number(text);
}
