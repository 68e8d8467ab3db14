import { Command, CommanderError } from 'commander';
import { packageVersion } from '../config/package-root.js';
import { JiminiError } from '../kernel/errors.js';
import { type CliContext, type CliIo, complain, linesOf } from './cli-io.js';
import { configCommand } from './config-command.js';
import { lintCommand } from './lint-command.js';
import { meshCommand } from './mesh-command.js';
import { testCommand } from './test-command.js';
import { tokenCommand } from './token.js';
import { witnessCommand } from './witness.js';

/** Exit code of bad usage and bad input. */
const USAGE_EXIT = 2;

/** Names that are kept for commands of later versions: whoever calls one is told so, instead of being given the nearest name. */
const KEPT_NAMES = ['privacy', 'admin', 'deadletter', 'replay', 'load', 'budget', 'rollback'];

/**
 * The command line, to be run by `parseAsync`. `extra` are commands made elsewhere (`serve`, `log`). Wrong usage, help
 * and version reject with commander's error; `runProgram` turns that into an exit code.
 */
function createProgram(context: CliContext, extra: readonly Command[] = []): Command {
  const program = new Command('jimini')
    .description('Judges LLM traffic by rules written as code, and records every judgement.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput(outputOf(context.io))
    .addHelpText(
      'after',
      '\nExamples:\n  jimini serve --config jimini.yaml\n  jimini lint rules/\n  jimini test --text "my card is 4111 1111 1111 1111"' +
        '\n\nExit codes: 0 success, 2 bad usage or input; `test` and `log verify` have more.',
    );
  const commands = [
    configCommand(context),
    lintCommand(context),
    testCommand(context),
    meshCommand(context),
    tokenCommand(context),
    witnessCommand(context),
    ...extra,
  ];
  for (const command of commands) {
    command.copyInheritedSettings(program);
    shareOutput(command, context.io);
    program.addCommand(command);
  }
  for (const name of KEPT_NAMES) program.addCommand(keptName(name), { hidden: true });
  return program;
}

/** Refuses, whatever follows the name. */
function keptName(name: string): Command {
  return new Command(name)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      const message = `there is no command '${name}' in this version; \`jimini --help\` lists those that there are`;
      throw new JiminiError('JIMINI_USAGE', message);
    });
}

/**
 * The arguments, without the wish for help when they name a command that is not there: commander would print the help of the
 * command above, and succeed.
 */
function withoutIdleHelp(program: Command, argv: readonly string[]): readonly string[] {
  let command = program;
  const rest = argv.filter((argument) => !['help', '-h', '--help'].includes(argument));
  for (const name of rest) {
    if (command.commands.length === 0) return argv;
    const next = command.commands.find((child) => child.name() === name);
    if (!next) return name.startsWith('-') ? argv : rest;
    if (KEPT_NAMES.includes(name)) return rest;
    command = next;
  }
  return argv;
}

/** Runs the program to its end and resolves to the exit code. Whatever goes wrong is one line on standard error. */
export async function runProgram(argv: readonly string[], io: CliIo, extra: readonly Command[] = []): Promise<number> {
  let code: number | undefined;
  const exit = (wanted: number) => {
    code = wanted;
  };
  try {
    const program = createProgram({ io, exit }, extra);
    await program.parseAsync(withoutIdleHelp(program, argv), { from: 'user' });
    return code ?? Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 1 ? USAGE_EXIT : error.exitCode;
    complain(io, linesOf(error));
    return USAGE_EXIT;
  }
}

function outputOf(io: CliIo) {
  return {
    writeOut: (text: string) => void io.stdout.write(text),
    writeErr: (text: string) => void io.stderr.write(text),
    // Commander's suggestions stand on a line of their own; one error is one line here.
    outputError: (text: string) =>
      complain(io, [
        text
          .trim()
          .replace(/^error: /, '')
          .replace(/\s*\n\s*/g, ' '),
      ]),
  };
}

/**
 * Prints like all others, down to the last sub-command. The way to exit is handed down one level only: a sub-command
 * has its own (`log verify` has another exit code of bad usage), set by `exitOverride` where it is made.
 */
function shareOutput(command: Command, io: CliIo): void {
  command.configureOutput(outputOf(io));
  for (const child of command.commands) shareOutput(child, io);
}
