import { randomBytes } from 'node:crypto';
import type { UsableConfig } from '../config/load.js';
import { type ConfiguredModerator, readModeratorKeys } from '../config/moderator-keys.js';
import { requiredPackNames } from '../config/pack-files.js';
import { formatPackProblem, loadPackSet, type PackSet } from '../config/pack-set.js';
import { configError } from '../config/problem.js';
import type { PolicySnapshot } from '../inspection/inspect.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { takeInSlices } from '../kernel/slices.js';
import { expiredExceptions } from '../policy/expired.js';
import { createPolicySteps } from '../policy/policy.js';
import { createRouteFinder, type NamedRoute } from '../policy/routes.js';
import { isLooser, type RouteVerdicts } from '../policy/verdict.js';

/** A policy made from files, and what the files' authors should know. */
export interface LoadedPolicy {
  readonly snapshot: PolicySnapshot;
  /** Packs that no route can drop. */
  readonly requiredPacks: readonly string[];
  /** The configured route of an endpoint. */
  readonly routeOf: (endpoint: string) => NamedRoute | undefined;
  /** The files behind it, so that a reload need not load those again that have not changed. */
  readonly packFiles: PackSet['loaded'];
  /** The classifiers that rules may ask. Holds keys: not to be shown. */
  readonly moderators: readonly ConfiguredModerator[];
  /** `file:line:column: warning: message` of faults that do not refuse the pack. */
  readonly warnings: readonly string[];
}

/**
 * Reads and compiles the packs that the configuration names, and reads the keys of classifiers. Rejects with
 * `JIMINI_PACK_INVALID`, one fault a line with file, line and column, when any pack is refused, with
 * `JIMINI_CONFIG_INVALID` when a key is, or when a required pack is not there: part of a policy is no policy. Files that are as in `previous` are not
 * compiled again, and other work gets its turn meanwhile.
 */
export async function loadPolicy(usable: UsableConfig, previous?: LoadedPolicy): Promise<LoadedPolicy> {
  const { config } = usable;
  const { packs, loaded: loadedFiles, problems, settingProblems } = await loadPackSet(usable, previous?.packFiles);
  if (problems.some(({ severity }) => severity === 'error')) {
    throw new JiminiError('JIMINI_PACK_INVALID', problems.map(formatPackProblem).join('\n'));
  }
  const { moderators, problems: keyProblems } = await readModeratorKeys(config);
  const inSettings = [...settingProblems, ...keyProblems];
  if (inSettings.length > 0) throw configError(inSettings);
  const { ancestorDirections, requiredPacks, routes } = config.policy;
  const settings = {
    shadow: config.shadow,
    onError: config.policy.onError,
    maskInExtAuthz: config.policy.maskInExtAuthz,
    gapActions: config.policy.gaps,
    routes: new Map(Object.entries(routes).map(([name, route]) => [name, verdictsOfRoute(route)])),
    maskKey: previous?.snapshot.settings.maskKey ?? randomBytes(32).toString('hex'),
    classifiers: new Map(moderators.map(({ name, onFailure }) => [name, onFailure])),
    otherInputs: JSON.stringify([
      config.credentials.query,
      requiredPacks,
      config.trustedHeaders,
      config.tenant,
      config.tenants,
      routes,
      moderators.map(({ key: _, ...rest }) => rest),
    ]),
  };
  const policy = await takeInSlices(createPolicySteps(packs, settings), LIMITS.loadSliceMs);
  const required = requiredPackNames(
    requiredPacks,
    packs.map(({ name }) => name),
  );
  return {
    snapshot: {
      policy,
      sources: loadedFiles.map(({ file }) => ({ ...file, ancestorDirections })),
      settings,
      contentOptions: { credentialQueryNames: new Set(config.credentials.query) },
    },
    packFiles: loadedFiles,
    requiredPacks: required,
    routeOf: createRouteFinder(
      Object.entries(routes).map(([name, { endpoints, onStoreUnavailable, packs: chosen, capture, ...verdicts }]) => ({
        name,
        endpoints,
        ...((onStoreUnavailable === 'open' || chosen || isLooser(verdictsOfRoute(verdicts), settings)) && {
          loosens: true as const,
        }),
        ...(onStoreUnavailable === 'open' && { passesUnrecorded: true }),
        ...(capture && { capture }),
        ...(chosen && { packs: [...new Set([...chosen, ...required])] }),
      })),
    ),
    moderators,
    warnings: [...problems, ...policy.warnings, ...expiredExceptions(packs, systemClock.nowMs())].map(
      formatPackProblem,
    ),
  };
}

function verdictsOfRoute({
  gaps,
  onError,
}: Pick<UsableConfig['config']['policy']['routes'][string], 'gaps' | 'onError'>): RouteVerdicts {
  return { gapActions: gaps, ...(onError && { onError }) };
}
