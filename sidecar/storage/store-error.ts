import { JiminiError } from '../kernel/errors.js';
import { printable } from '../kernel/printable.js';

/** A directory that may be a copy of the one that people know. */
export interface StoreName {
  /** Where it is. */
  readonly location: string;
  /** What people call it. */
  readonly shownAs: string;
}

/** What a LevelDB error means for the log. abstract-level wraps errors of opening; the one inside names the reason. */
export function storeError(error: unknown, { location, shownAs: directory }: StoreName): JiminiError {
  const codes = new Set(causes(error).map((cause) => (cause as { code?: unknown }).code));
  if (codes.has('LEVEL_LOCKED')) {
    return lockedError(directory, error);
  }
  if (codes.has('LEVEL_CORRUPTION')) {
    const advice = 'keep the directory as evidence, restore it from a backup or start with another data directory';
    return new JiminiError('JIMINI_STORE_CORRUPT', `${directory} is damaged: ${advice}`, { cause: error });
  }
  // LevelDB's text holds names that it read from files of the store, which somebody may have replaced.
  const reason = printable(String(causes(error).at(-1)?.message ?? error).replaceAll(location, directory));
  return new JiminiError('JIMINI_STORE_UNAVAILABLE', `${directory} cannot be used: ${reason}`, { cause: error });
}

/** Somebody else has the log open. */
export function lockedError(directory: string, cause?: unknown): JiminiError {
  const advice = 'another instance runs on this data directory: stop it, or give this one a directory of its own';
  return new JiminiError('JIMINI_STORE_LOCKED', `${directory} is in use: ${advice}`, { cause });
}

/** A key among those of leaves that this version does not write. */
export function damagedKey(): JiminiError {
  return new JiminiError('JIMINI_STORE_CORRUPT', 'the log holds a foreign key: run `jimini log verify`');
}

/** Hashes of the tree that are not as they were written. */
export function damagedTile(level: number, index: number): JiminiError {
  const what = `tile ${index} of level ${level} of the log's tree is damaged`;
  return new JiminiError('JIMINI_STORE_CORRUPT', `${what}: run \`jimini log verify\``);
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain;
}
