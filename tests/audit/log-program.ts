// The log commands alone: node build/tests/audit/log-program.js verify --data-dir D
import { CommanderError } from 'commander';
import { processIo } from '../../sidecar/cli/cli-io.js';
import { logCommand } from '../../sidecar/cli/log.js';

try {
  await logCommand(processIo()).parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
