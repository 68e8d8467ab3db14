import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.js';
import { requiredPackNames } from '../config/pack-files.js';
import { formatPackProblem, loadPackSet, type PackSet } from '../config/pack-set.js';
import type { PolicySnapshot } from '../inspection/inspect.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { expiredExceptions } from '../policy/expired.js';
import { createPolicy } from '../policy/policy.js';

/** A policy made from files, and what the files' authors should know. */
export interface LoadedPolicy {
  readonly snapshot: PolicySnapshot;
  /** Packs that no route can drop. */
  readonly requiredPacks: readonly string[];
  /** The files behind it, so that a reload need not load those again that have not changed. */
  readonly packFiles: PackSet['loaded'];
  /** `file:line:column: warning: message` of faults that do not refuse the pack. */
  readonly warnings: readonly string[];
}

/**
 * Reads and compiles the packs that the configuration names. Rejects with `JIMINI_PACK_INVALID`, one fault a line with file,
 * line and column, when any of them is refused: part of a policy is no policy. Files that are as in `previous` are not
 * compiled again.
 */
export async function loadPolicy(config: Config, previous?: LoadedPolicy): Promise<LoadedPolicy> {
  const { packs, loaded: loadedFiles, problems } = await loadPackSet(config, previous?.packFiles);
  if (problems.some(({ severity }) => severity === 'error')) {
    throw new JiminiError('JIMINI_PACK_INVALID', problems.map(formatPackProblem).join('\n'));
  }
  const { ancestorDirections, requiredPacks } = config.policy;
  const settings = {
    shadow: config.shadow,
    onError: config.policy.onError,
    gapActions: config.policy.gaps,
    maskKey: previous?.snapshot.settings.maskKey ?? randomBytes(32).toString('hex'),
    otherInputs: JSON.stringify([config.credentials.query, requiredPacks, config.trustedHeaders]),
  };
  const policy = createPolicy(packs, settings);
  const loaded = packs.map(({ name }) => name);
  return {
    snapshot: {
      policy,
      sources: loadedFiles.map(({ file }) => ({ ...file, ancestorDirections })),
      settings,
      contentOptions: { credentialQueryNames: new Set(config.credentials.query) },
    },
    packFiles: loadedFiles,
    requiredPacks: requiredPackNames(requiredPacks, loaded),
    warnings: [...problems, ...policy.warnings, ...expiredExceptions(packs, systemClock.nowMs())].map(
      formatPackProblem,
    ),
  };
}
