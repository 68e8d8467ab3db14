import { Command } from 'commander';
import { exportCommand } from './log-export.js';
import type { LogIo } from './log-options.js';
import { headCommand, showCommand } from './log-show.js';
import { acknowledgeGapCommand, rotateKeyCommand } from './log-signing.js';
import { verifyCommand } from './log-verify.js';

/**
 * `jimini log`: reads the log of a data directory, in use or not, and says what becomes of its signing key. No command opens the
 * original: each works on a private copy. Usage errors are thrown as commander's error with the exit code that belongs to the command.
 */
export function logCommand(io: LogIo): Command {
  return new Command('log')
    .description('Verify, show and export the tamper-evident log. Works while the sidecar runs; changes none of it.')
    .addCommand(verifyCommand(io))
    .addCommand(showCommand(io))
    .addCommand(headCommand(io))
    .addCommand(exportCommand(io))
    .addCommand(acknowledgeGapCommand(io))
    .addCommand(rotateKeyCommand(io));
}
