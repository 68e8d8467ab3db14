import { logDirectory } from './data-directory.js';
import { LevelLog } from './level-log.js';

/** The log store of a prepared data directory. Each `open` gives a fresh handle; only one can be open at a time. */
export function createLevelLogStore(dataDir: string): { open(): Promise<LevelLog> } {
  return { open: () => LevelLog.open(logDirectory(dataDir), { create: true }) };
}
