import type { Config } from './config.js';
import type { ModeratorInput } from './moderators.js';
import type { ConfigProblem } from './problem.js';
import { readSecretFile } from './read-file.js';

/** One classifier with its key in place of the file's name. */
export type ConfiguredModerator = Omit<ModeratorInput, 'keyFile' | 'allowPlaintext'> & {
  readonly name: string;
  /** Secret: never logged, recorded or shown. */
  readonly key?: string;
};

/** The classifiers of a configuration, and why keys of some cannot be used. */
export interface ConfiguredModerators {
  /** To be used only when there are no problems. */
  readonly moderators: readonly ConfiguredModerator[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads the key files that a configuration names. Never rejects. */
export async function readModeratorKeys(config: Pick<Config, 'moderators'>): Promise<ConfiguredModerators> {
  const moderators: ConfiguredModerator[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, { keyFile, allowPlaintext: _, ...settings }] of Object.entries(config.moderators)) {
    const key = keyFile === undefined ? undefined : await readSecretFile(keyFile);
    if (typeof key === 'object') {
      const origin = { kind: 'file' as const, file: keyFile ?? '' };
      problems.push({ origin, key: `moderators.${name}.keyFile`, message: key.reason });
    } else moderators.push({ name, ...settings, ...(key !== undefined && { key }) });
  }
  return { moderators, problems };
}

/** The key files that a configuration names, absolute: a new key in one of them takes effect like any other change. */
export function keyFilesOf({ moderators }: Pick<Config, 'moderators'>): string[] {
  return Object.values(moderators).flatMap(({ keyFile }) => keyFile ?? []);
}
