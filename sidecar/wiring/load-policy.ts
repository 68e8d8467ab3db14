import type { Config } from '../config/config.js';
import {
  checkPackNames,
  missingRequiredPacks,
  type PackFile,
  readPackFiles,
  requiredPackNames,
} from '../config/pack-files.js';
import type { PolicySnapshot } from '../inspection/inspect.js';
import { JiminiError } from '../kernel/errors.js';
import { loadPack } from '../policy/load-pack.js';
import type { Pack } from '../policy/pack.js';
import { createPolicy } from '../policy/policy.js';

/** A policy made from files, and what the files' authors should know. */
export interface LoadedPolicy {
  readonly snapshot: PolicySnapshot;
  /** Packs that no route can drop. */
  readonly requiredPacks: readonly string[];
  /** `file:line:column: message` of faults that do not refuse the pack. */
  readonly warnings: readonly string[];
}

/**
 * Reads and compiles the packs that the configuration names. Rejects with `JIMINI_PACK_INVALID`, one fault a line with file,
 * line and column, when any of them is refused: part of a policy is no policy.
 */
export async function loadPolicy(config: Config): Promise<LoadedPolicy> {
  const { files, problems: unread } = await readPackFiles(config.packs);
  const { ancestorDirections } = config.policy;
  const errors = unread.map(({ file, message }) => `${file}: ${message}`);
  const warnings: string[] = [];
  const packs: { file: PackFile; pack: Pack }[] = [];
  for (const file of files) {
    const { pack, problems } = loadPack(file, { ...file, ancestorDirections });
    for (const { severity, file, line, column, message } of problems) {
      (severity === 'error' ? errors : warnings).push(`${file}:${line}:${column}: ${message}`);
    }
    if (pack) packs.push({ file, pack });
  }
  const named = packs.map(({ file, pack }) => ({ name: pack.name, file: file.file, builtin: file.builtin }));
  errors.push(...checkPackNames(named).map(({ file, message }) => `${file}: ${message}`));
  const loaded = named.map(({ name }) => name);
  for (const missing of missingRequiredPacks(config.policy.requiredPacks, loaded)) {
    errors.push(`policy.requiredPacks: "${missing}" is not a loaded pack; loaded are ${loaded.join(', ')}`);
  }
  if (errors.length > 0) throw new JiminiError('JIMINI_PACK_INVALID', errors.join('\n'));

  const settings = {
    shadow: config.shadow,
    onError: config.policy.onError,
    gapActions: config.policy.gaps,
    otherInputs: JSON.stringify([config.credentials.query, config.policy.requiredPacks, config.trustedHeaders]),
  };
  const policy = createPolicy(
    packs.map(({ pack }) => pack),
    settings,
  );
  for (const { file, line, column, message } of policy.warnings) warnings.push(`${file}:${line}:${column}: ${message}`);
  const contentOptions = { credentialQueryNames: new Set(config.credentials.query) };
  const sources = packs.map(({ file }) => ({ ...file, ancestorDirections }));
  return {
    snapshot: { policy, sources, settings, contentOptions },
    requiredPacks: requiredPackNames(config.policy.requiredPacks, loaded),
    warnings,
  };
}
