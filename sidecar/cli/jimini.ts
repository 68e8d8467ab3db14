import { Command, CommanderError } from 'commander';
import { packageVersion } from '../config/package-root.js';
import { JiminiError } from '../kernel/errors.js';
import { logCommand } from './log.js';
import { serveCommand } from './serve.js';

const program = new Command('jimini')
  .version(packageVersion())
  .addCommand(serveCommand(packageVersion()))
  .addCommand(logCommand());
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    const { code, message } = JiminiError.from(error);
    process.stderr.write(`jimini: ${message}\n`);
    process.exitCode = code === 'JIMINI_CONFIG_INVALID' || code === 'JIMINI_PACK_INVALID' ? 2 : 1;
  }
}
