import type { Readable, Writable } from 'node:stream';
import { JiminiError } from '../kernel/errors.js';
import { printable } from '../kernel/printable.js';

/** What a command may touch of the process it runs in. */
export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory, absolute. */
  readonly directory: string;
}

/** What the commands of this program get. */
export interface CliContext {
  readonly io: CliIo;
  /** Sets the exit code; without a call it is 0. */
  exit(code: number): void;
}

const LINE_CHARS_MAX = 2000;

/** The process itself. A reader that goes away (`| head`) ends our output quietly; any other failure to write is one of ours. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') return;
      process.exitCode = 2;
      if (stream === stdout) complain({ stderr }, [`standard output cannot be written (${code ?? 'unknown error'})`]);
    });
  }
  return { stdin, stdout, stderr, env, directory: process.cwd() };
}

/** Lines to standard output, each made printable. */
export function printLines(io: CliIo, lines: readonly string[]): void {
  if (lines.length > 0) io.stdout.write(`${lines.map((line) => printable(line, LINE_CHARS_MAX)).join('\n')}\n`);
}

/** One line each to standard error, with our name in front. */
export function complain(io: Pick<CliIo, 'stderr'>, lines: readonly string[]): void {
  for (const line of lines) io.stderr.write(`jimini: ${printable(line, LINE_CHARS_MAX)}\n`);
}

/** What to say of an error, line by line: its own words when it, or the system, wrote them for people, else that it is a fault of ours. */
export function linesOf(error: unknown): string[] {
  if (error instanceof JiminiError && error.code !== 'JIMINI_INTERNAL') return error.message.split('\n');
  const cause = error instanceof JiminiError ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return [cause instanceof Error && 'syscall' in cause ? message : `internal error: ${message}`];
}

/** Rows as aligned columns; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
