import { ClassicLevel } from 'classic-level';
import { logDirectory } from '../../sidecar/storage/data-directory.js';

/** The database of a log, as raw as it lies there. */
export type Database = ClassicLevel<Buffer, Buffer>;

/** Opens the database of a log that nobody has open, and closes it after `work`. */
export async function inDatabase<T>(dataDir: string, work: (db: Database) => Promise<T>): Promise<T> {
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
  const db: Database = new ClassicLevel(logDirectory(dataDir), encodings);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Keys that begin with this letter, ascending. */
export function keysOf(db: Database, letter: string): Promise<Buffer[]> {
  const first = Buffer.from(letter);
  return db.keys({ gte: first, lt: Buffer.of((first[0] ?? 0) + 1) }).all();
}

/** What a batch removes a row by. */
export function deleted(key: Buffer): { readonly type: 'del'; readonly key: Buffer } {
  return { type: 'del', key };
}
