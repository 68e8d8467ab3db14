import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Evidence, readEvidence } from '../audit/verify/held-against.js';
import type { ReadPayloadRows } from '../audit/verify/payload-rows.js';
import { unreadableStore } from '../audit/verify/report.js';
import { entriesOfPairs, groupsOfLines } from '../audit/verify/sources.js';
import type { ReadTreeRows } from '../audit/verify/tree-rows.js';
import { type HeldAgainst, type VerifyReport, verifyEntries, verifyGroups } from '../audit/verify/verify-entries.js';
import { JiminiError } from '../kernel/errors.js';
import { complain, linesOf } from './cli-io.js';
import type { TlsFlags } from './control-client.js';
import { startOfCopy } from './log-boundary.js';
import { chunksOf, type EvidenceOptions, evidenceOfCopy, evidenceOfExport } from './log-files.js';
import {
  addPlaceOptions,
  addRemoteOptions,
  type Format,
  formatOption,
  type LogIo,
  type LogPlace,
  refuseSeveralPlaces,
  running,
  withLogCopy,
  withUsageExit,
} from './log-options.js';
import { standardOutput, writeTo } from './log-output.js';
import { reportText } from './log-report.js';

interface VerifyOptions extends LogPlace, TlsFlags, EvidenceOptions {
  readonly export?: string;
  readonly address?: string;
  readonly format: Format;
}

const BAD_INPUT_EXIT = 4;
const EXITS: Readonly<Record<VerifyReport['status'], number>> = {
  ok: 0,
  tampered: 1,
  truncated: 2,
  unanchored: 3,
  'bad input': BAD_INPUT_EXIT,
};

/** `log verify`. */
export function verifyCommand(io: LogIo): Command {
  const command = new Command('verify')
    .description(
      'Verify chain, tree, signatures and sealed payloads again, in code that shares nothing with the writer, and say where they break.',
    )
    .addOption(new Option('--export <dir>', 'verify an export instead'))
    .addOption(new Option('--anchor <file>', 'a checkpoint that was kept elsewhere: it must hold for this log, too'))
    .addOption(new Option('--key <file>', 'verifier keys from elsewhere, one a line: nobody else may have signed'))
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExamples:\n  jimini log verify --config jimini.yaml\n  jimini log verify --export handover --key jimini.pub' +
        '\n  JIMINI_TOKEN_FILE=ana.token jimini log verify --address 127.0.0.1:9001 --anchor last-week.checkpoint' +
        '\n\nExit codes: 0 the log holds and is signed to its end; 1 it was tampered with or is damaged; 2 leaves are gone that a' +
        '\ncheckpoint says were there; 3 leaves come after the last checkpoint (normal while the log is in use); 4 nothing to' +
        '\nverify, no consistent copy after 5 tries, or bad usage.' +
        '\n\nPayloads are checked without any key: that each one is there, byte for byte, unless it was erased. They are no part of an' +
        '\nexport and are not sent by a sidecar; then the result says that they were not checked.',
    )
    .action((options: VerifyOptions) =>
      running(BAD_INPUT_EXIT, async () => {
        refuseSeveralPlaces(options);
        const report = await verify(options, io);
        if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
        process.exitCode = EXITS[report.status];
        const context = { isPinned: options.key !== undefined };
        await writeTo(standardOutput(), `${reportText(report, context, options.format)}\n`);
      }),
    );
  return withUsageExit(addRemoteOptions(addPlaceOptions(command)), BAD_INPUT_EXIT);
}

async function verify(options: VerifyOptions, io: LogIo): Promise<VerifyReport> {
  if (options.address !== undefined) {
    const { verifyRemote } = await import('./log-remote.js');
    return verifyRemote({ ...options, address: options.address }, io, showProgress);
  }
  if (options.export !== undefined) return verifyExport(options.export, options);
  let report: VerifyReport | undefined;
  await withLogCopy(options, io, async (copy) => {
    const start = await startOfCopy(copy.log);
    const evidence = await evidenceOfCopy(copy, start, options, (what) => complain(process, [what]));
    const treeRows: ReadTreeRows = (level) => copy.log.rawTreeRows(level);
    const payloadRows: ReadPayloadRows = (kind) => copy.log.rawPayloadRows(kind);
    const entries = entriesOfPairs(copy.log.rawRows(start.firstSeq));
    const verified = await heldAgainst(evidence, (against) =>
      verifyEntries(entries, showProgress, { ...against, treeRows, payloadRows }),
    );
    // What cannot be read now has been found before in a log that does not hold.
    report = holds(verified) ? { ...verified, unknownRows: await copy.log.countUnknownRows() } : verified;
  }).catch((error) => {
    if (!(error instanceof JiminiError) || error.code !== 'JIMINI_STORE_CORRUPT') throw error;
    complain(process, linesOf(error));
    report ??= unreadableStore();
  });
  return report as VerifyReport;
}

function holds({ status }: VerifyReport): boolean {
  return status === 'ok' || status === 'unanchored';
}

async function verifyExport(directory: string, options: EvidenceOptions): Promise<VerifyReport> {
  const evidence = await evidenceOfExport(directory, options);
  return heldAgainst(evidence, (against) => {
    const groups = groupsOfLines(chunksOf(join(directory, 'entries.jsonl')), firstSeqOf(against));
    return verifyGroups(groups, showProgress, against);
  });
}

function firstSeqOf({ segment, boundary }: HeldAgainst): number {
  return segment?.first ?? boundary?.minSeq ?? 0;
}

async function heldAgainst(
  evidence: Evidence,
  verifyAgainst: (against: HeldAgainst) => Promise<VerifyReport>,
): Promise<VerifyReport> {
  const read = readEvidence(evidence);
  if ('report' in read) return read.report;
  if ('badInput' in read) throw new JiminiError('JIMINI_USAGE', read.badInput);
  return verifyAgainst(read);
}

function showProgress(entries: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${entries} leaves verified`);
}
