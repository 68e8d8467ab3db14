import { Command, Option } from 'commander';
import { CHECKS } from '../../mesh/lint/checks.js';
import { checksDocument } from '../../mesh/lint/document.js';
import { printableJson } from '../kernel/printable.js';
import type { CliContext, CliIo } from './cli-io.js';
import { meshLintCommand } from './mesh-lint-command.js';

/** `jimini mesh`: the proxies that ask Jimini. */
export function meshCommand(context: CliContext): Command {
  return new Command('mesh')
    .description('Check the configuration of the proxies that ask Jimini.')
    .addCommand(meshLintCommand(context))
    .addCommand(checksCommand(context.io));
}

function checksCommand(io: CliIo): Command {
  return new Command('checks')
    .exitOverride()
    .description('List what `mesh lint` looks for: why it matters, and what to do.')
    .addOption(new Option('--format <format>', 'how to print').choices(['markdown', 'json']).default('markdown'))
    .addHelpText('after', '\nExample:\n  jimini mesh checks\n\nExit codes: 0 success, 2 bad usage.')
    .action(({ format }: { readonly format: 'markdown' | 'json' }) => {
      io.stdout.write(`${format === 'json' ? printableJson({ checks: CHECKS }) : checksDocument()}\n`);
    });
}
