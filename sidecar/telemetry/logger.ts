import { type Logger, pino } from 'pino';
import { withActiveEscaped } from '../kernel/printable.js';

/**
 * JSON lines on standard output. One event is one line whatever a string holds: JSON escapes control characters, and
 * what JSON leaves alone but terminals and log viewers obey is escaped here.
 */
export function createLogger(level: string, destination: NodeJS.WritableStream = process.stdout): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(withActiveEscaped(line)) },
  );
}

export type { Logger } from 'pino';
