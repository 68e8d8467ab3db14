import { type Logger, pino } from 'pino';

/**
 * JSON lines on standard output. One event is one line whatever a string holds: JSON escapes control characters, and
 * what JSON leaves alone but terminals and log viewers obey (C1 controls, bidi controls, line separators) is escaped here.
 */
export function createLogger(level: string, destination: NodeJS.WritableStream = process.stdout): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(escapeInvisible(line)) },
  );
}

export type { Logger } from 'pino';

/** C1 controls, bidi marks, embeddings and isolates, zero-width characters, line and paragraph separators, BOM. */
const INVISIBLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Writes invisible and direction-changing characters as `\uXXXX`, which is valid inside a JSON string. */
function escapeInvisible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
