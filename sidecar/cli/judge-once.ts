import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatPackProblem, loadPackSet } from '../config/pack-set.js';
import { configError } from '../config/problem.js';
import { readContent } from '../content/read-content.js';
import { readRequestPath } from '../content/request-path.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import type { Content, Direction, Judgement } from '../kernel/evaluation.js';
import { FIXED_GAP_KINDS, type Gap, type GapAction, type GapKind } from '../kernel/gap.js';
import type { Pack } from '../policy/pack.js';
import { createPolicy } from '../policy/policy.js';
import { gapActionOf } from '../policy/verdict.js';
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
}

/** A judgement, and what each of its gaps counts for now. */
export interface Judged {
  readonly judgement: Judgement;
  readonly gapActions: ReadonlyMap<GapKind, GapAction>;
}

/** Judges content as the sidecar would with this configuration; nothing is recorded. Throws JIMINI_USAGE and the like. */
export async function judgeOnce(content: Content, options: JudgeOptions, io: CliIo): Promise<Judged> {
  const direction = readDirection(options.direction);
  const config = await configOf(options, io);
  const settings = { shadow: config.shadow, onError: config.policy.onError, gapActions: config.policy.gaps };
  const policy = createPolicy(await packsOf(config), settings);
  const { segments, gaps } = readContent([content], { credentialQueryNames: new Set(config.credentials.query) });
  const { endpoint, gaps: endpointGaps } = readEndpoint(options.endpoint);
  const scope = { direction, endpoint, nowMs: systemClock.nowMs() };
  const judgement = policy.judge({ segments, gaps: [...gaps, ...endpointGaps] }, scope);
  const actionNow = (kind: GapKind) =>
    config.shadow && !FIXED_GAP_KINDS.includes(kind) ? 'allow' : gapActionOf(kind, settings);
  return { judgement, gapActions: new Map(judgement.gaps.map(({ kind }) => [kind, actionNow(kind)])) };
}

/** A path is normalised as that of a request is; anything else is a name that a route was given. */
function readEndpoint(text = ''): { endpoint: string; gaps: readonly Gap[] } {
  if (!text.startsWith('/')) return { endpoint: text, gaps: [] };
  const { path, ambiguous } = readRequestPath(text);
  return { endpoint: path, gaps: ambiguous ? [{ kind: 'path:ambiguous' }] : [] };
}

/** `--pack` and `--shadow` are flags like those of `serve`; with chosen packs, which ones are required does not matter. */
async function configOf({ config: file, pack, shadow }: JudgeOptions, io: CliIo): Promise<Config> {
  const flags = new Map([
    ...(pack ? [['packs', { name: '--pack', said: pack }] as const] : []),
    ...(pack ? [['policy.requiredPacks', { name: '--pack', said: 'all' }] as const] : []),
    ...(shadow === undefined ? [] : [['shadow', { name: '--shadow', said: String(shadow) }] as const]),
  ]);
  const loaded = await loadConfig({ ...(file && { file }), env: io.env, flags, directory: io.directory });
  if (!loaded.config) throw configError(loaded.problems);
  return loaded.config;
}

async function packsOf(config: Config): Promise<readonly Pack[]> {
  const { packs, problems } = await loadPackSet(config);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new JiminiError('JIMINI_PACK_INVALID', errors.map(formatPackProblem).join('\n'));
  return packs;
}

function readDirection(text = ''): Direction {
  const direction = text.trim().toLowerCase();
  if (direction === '' || direction === 'inbound' || direction === 'outbound') return direction;
  throw new JiminiError('JIMINI_USAGE', '--direction: expected inbound or outbound');
}
