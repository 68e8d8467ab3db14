import { resolve } from 'node:path';
import { Command } from 'commander';
import { recoverTail } from '../audit/recover.js';
import { discontinuityText } from '../audit/signing/discontinuity.js';
import { inspectLog } from '../audit/signing/log-signing.js';
import { findDataDirectory } from '../config/data-dir.js';
import { loadConfig, usable } from '../config/load.js';
import { JiminiError } from '../kernel/errors.js';
import { createKeyFile } from '../storage/key-file.js';
import { replaceFile } from '../storage/replace-file.js';
import { acknowledgementFile, nextKeyFile } from '../storage/signing-files.js';
import { signingFilesOf } from '../wiring/log.js';
import { addPlaceOptions, type LogIo, type LogPlace, running, withLogCopy, withUsageExit } from './log-options.js';

const FAILURE_EXIT = 2;

/** `jimini log acknowledge-gap`: lets a log go on that does not go on from what was signed last. */
export function acknowledgeGapCommand(io: LogIo): Command {
  const command = new Command('acknowledge-gap')
    .description('Let a log that was cut or replaced go on with the next start, where log.onGap is `refuse`.')
    .addHelpText(
      'after',
      '\nFor a sidecar that does not start because of it. Keep a copy of the data directory first: what is missing may be found.' +
        '\nThe next start records the gap and that it was acknowledged, and goes on under a new key. What is found then must be what was acknowledged.' +
        '\n\nExample:\n  jimini log acknowledge-gap --data-dir /var/lib/jimini/data' +
        '\n\nExit codes: 0 acknowledged, or nothing to acknowledge; 2 bad usage, or the log cannot be read.',
    )
    .action((place: LogPlace) => running(FAILURE_EXIT, () => acknowledgeGap(place, io)));
  return withUsageExit(addPlaceOptions(command), FAILURE_EXIT);
}

async function acknowledgeGap(place: LogPlace, io: LogIo): Promise<void> {
  const dataDir = await dataDirectoryOf(place, io);
  const files = await signingFilesOf(dataDir, await signingKeyFileOf(place, io));
  await withLogCopy(place, io, async ({ log }) => {
    const { logId, head, boundary } = await recoverTail(log);
    const { size, epoch } = head;
    const found = await inspectLog({ logId, size, epoch, firstSeq: boundary.minSeq, rows: log }, files);
    if (!found.discontinuity) {
      process.stdout.write('the log goes on from what was signed last: there is nothing to acknowledge\n');
      return;
    }
    const text = discontinuityText(found.discontinuity);
    await replaceFile(acknowledgementFile(dataDir), text);
    process.stdout.write(`acknowledged: ${text}`);
  });
}

/** `jimini log rotate-key`: another key signs from the next start on. */
export function rotateKeyCommand(io: LogIo): Command {
  const command = new Command('rotate-key')
    .description('Make a key that takes the place of the signing key with the next start of the sidecar.')
    .addHelpText(
      'after',
      '\nThe log states the change, signed by both keys, and the old private key is removed.' +
        '\nNot for a key that log.signingKeyFile names: there, name another file.' +
        '\n\nExample:\n  jimini log rotate-key --data-dir /var/lib/jimini/data' +
        '\n\nExit codes: 0 made; 2 bad usage, or the key cannot be made.',
    )
    .action((place: LogPlace) => running(FAILURE_EXIT, () => rotateKey(place, io)));
  return withUsageExit(addPlaceOptions(command), FAILURE_EXIT);
}

async function rotateKey(place: LogPlace, io: LogIo): Promise<void> {
  if ((await signingKeyFileOf(place, io)) !== '') {
    const advice = 'name a file with a new key there, and start the sidecar again';
    throw new JiminiError('JIMINI_USAGE', `the signing key is the one that log.signingKeyFile names: ${advice}`);
  }
  await createKeyFile(nextKeyFile(await dataDirectoryOf(place, io)));
  process.stdout.write('made; the sidecar takes it at its next start\n');
}

async function dataDirectoryOf(place: LogPlace, io: LogIo): Promise<string> {
  return resolve(await findDataDirectory({ ...io, ...fileOf(place) }, place.dataDir));
}

/** A broken configuration matters only where it could name the file. */
async function signingKeyFileOf(place: LogPlace, io: LogIo): Promise<string> {
  const named = io.env['JIMINI_LOG_SIGNING_KEY_FILE'];
  if (named) return resolve(io.directory, named);
  if (place.config === undefined && io.env['JIMINI_CONFIG'] === undefined) return '';
  return usable(await loadConfig({ ...io, ...fileOf(place) })).config.log.signingKeyFile;
}

function fileOf({ config }: LogPlace): { file?: string } {
  return config === undefined ? {} : { file: config };
}
