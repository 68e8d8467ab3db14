import { randomBytes } from 'node:crypto';
import { createModerators } from '../../adapters/moderators/moderators.js';
import type { Config } from '../config/config.js';
import { loadConfig, type UsableConfig, usable } from '../config/load.js';
import { inspect, type PolicySnapshot, type Question } from '../inspection/inspect.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { type Content, type Evaluation, type Judgement, readDirection } from '../kernel/evaluation.js';
import { FIXED_GAP_KINDS, GAP_ACTIONS, type GapAction, type GapKind } from '../kernel/gap.js';
import { type Classifiers, settleJudgement } from '../policy/classifier.js';
import { gapActionOf, settingsOn } from '../policy/verdict.js';
import { type LoadedPolicy, loadPolicy } from '../wiring/load-policy.js';
import { readStatedEndpoint } from '../wiring/stated-endpoint.js';
import type { CliIo } from './cli-io.js';

/** What `jimini test` asks of the engine beside the content. */
export interface JudgeOptions {
  readonly config?: string;
  /** Built-in names, `all`, or paths; absent = those of the configuration. */
  readonly pack?: readonly string[];
  /** Absent = as the configuration says. */
  readonly shadow?: boolean;
  readonly direction?: string;
  readonly endpoint?: string;
  /** Absent = as the configuration says. */
  readonly tenant?: string;
}

/** A judgement, and what each of its gaps counts for now. */
export interface Judged {
  readonly judgement: Judgement;
  readonly gapActions: ReadonlyMap<GapKind, GapAction>;
  /** What was asked, and under which policy. */
  readonly question: Question;
  readonly snapshot: PolicySnapshot;
}

/** Judges content as the sidecar would with this configuration; nothing is recorded. Throws JIMINI_USAGE and the like. */
export async function judgeOnce(content: Content, options: JudgeOptions, io: CliIo): Promise<Judged> {
  const direction = readDirection(options.direction ?? '');
  if (direction === undefined) throw new JiminiError('JIMINI_USAGE', '--direction: expected inbound or outbound');
  const loadedConfig = await configOf(options, io);
  const { config } = loadedConfig;
  const { snapshot, moderators, routeOf } = await loadPolicy(loadedConfig);
  const { ambiguous, ...scope } = readStatedEndpoint(options.endpoint ?? '', routeOf);
  const evaluation: Evaluation = {
    door: 'cli',
    direction,
    ...scope,
    tenant: options.tenant ?? config.tenant,
    content: [content],
    gaps: ambiguous ? [{ kind: 'path:ambiguous' }] : [],
    requestId: '',
  };
  const question = { evaluation, nowMs: systemClock.nowMs() };
  const open = inspect(snapshot, question);
  const judgement = open.questions ? await settleJudgement(open, classifiersOf(moderators)) : open;
  const actionNow = (kind: GapKind) => {
    if (config.shadow && !FIXED_GAP_KINDS.includes(kind)) return 'allow';
    return kind === 'classifier:unavailable'
      ? failureActionOf(judgement, config)
      : gapActionOf(kind, settingsOn(scope.namedRoute, snapshot.settings));
  };
  const gapActions = new Map(judgement.gaps.map(({ kind }) => [kind, actionNow(kind)]));
  return { judgement, gapActions, question, snapshot };
}

function classifiersOf(settings: LoadedPolicy['moderators']): Classifiers {
  const moderators = createModerators({
    clock: systemClock,
    random: (count) => randomBytes(count),
    observe: () => {},
    onState: () => {},
  });
  moderators.use(settings);
  return moderators;
}

/** The strictest `onFailure` of the classifiers that gave no answer. */
function failureActionOf({ answers = [] }: Judgement, { moderators }: Config): GapAction {
  const actions = answers.flatMap(({ said, classifier }) =>
    said === 'failed' ? (moderators[classifier]?.onFailure ?? []) : [],
  );
  return GAP_ACTIONS.find((action) => actions.includes(action)) ?? 'allow';
}

/** `--pack` and `--shadow` are flags like those of `serve`; with chosen packs, which ones are required does not matter. */
async function configOf({ config: file, pack, shadow }: JudgeOptions, io: CliIo): Promise<UsableConfig> {
  const flags = new Map([
    ...(pack ? [['packs', { name: '--pack', said: pack }] as const] : []),
    ...(pack ? [['policy.requiredPacks', { name: '--pack', said: 'all' }] as const] : []),
    ...(shadow === undefined ? [] : [['shadow', { name: '--shadow', said: String(shadow) }] as const]),
  ]);
  return usable(await loadConfig({ ...(file && { file }), env: io.env, flags, directory: io.directory }));
}
