import { Command, Option } from 'commander';
import { formatPackProblem } from '../config/pack-set.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { printableJson } from '../kernel/printable.js';
import type { RuleInfo } from '../policy/policy.js';
import { type CliContext, columns, complain, printLines } from './cli-io.js';
import { type LintReport, lintPacks } from './lint.js';
import { BUILT_IN_NAMES, readLintFiles } from './lint-files.js';

interface LintOptions {
  readonly format: 'text' | 'json';
  readonly rules?: boolean;
}

/** `jimini lint PATH...`. */
export function lintCommand({ io, exit }: CliContext): Command {
  return new Command('lint')
    .description('Check rule packs: everything that a start would refuse, and what is doubtful.')
    .argument('<path...>', `pack files, directories of them, or built-in packs: ${BUILT_IN_NAMES}`)
    .option('--rules', 'list the rules too, with engine and streaming class')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nPrints `file:line:column: severity: message`, one line each.' +
        '\n\nExamples:\n  jimini lint rules/own.yaml\n  jimini lint rules/ --format json\n  jimini lint all --rules' +
        '\n\nExit codes: 0 clean or warnings only, 2 any error.',
    )
    .action(async (paths: readonly string[], { format, rules }: LintOptions) => {
      if (paths.includes('')) {
        const message = 'path: expected a pack file, a directory or a built-in pack, found nothing';
        throw new JiminiError('JIMINI_USAGE', message);
      }
      const report = await lintPacks(await readLintFiles(paths, io.directory), systemClock.nowMs());
      const errors = report.problems.filter(({ severity }) => severity === 'error').length;
      if (errors > 0) exit(2);
      if (format === 'json') {
        io.stdout.write(`${printableJson(reportJson(report))}\n`);
        return;
      }
      printLines(io, report.problems.map(formatPackProblem));
      if (rules) printLines(io, rulesTable(report.rules));
      complain(io, [summary(report, errors)]);
    });
}

function summary({ packs, rules, problems }: LintReport, errors: number): string {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const found = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  return `${found}; ${count(packs.length, 'usable pack')} with ${count(rules.length, 'rule')}`;
}

function rulesTable(rules: readonly RuleInfo[]): string[] {
  const rows = rules.map(({ id, pack, action, enabled, engine, streaming, title }) => {
    return [pack, id, enabled ? action : 'inactive', engine ?? '-', streaming, title];
  });
  return columns([['PACK', 'RULE', 'ACTION', 'ENGINE', 'STREAMING', 'TITLE'], ...rows]);
}

function reportJson({ packs, rules, problems }: LintReport): object {
  return {
    problems,
    packs: packs.map(({ name, version, file, digest, format }) => ({ name, version, file, digest, format })),
    rules,
  };
}
