import { linesBeforeKill } from '../audit/killed-child.js';
import type { Random } from '../fuzz/random.js';
import type { Acknowledged } from './log-findings.js';

/** How a process that appends is run, until it is killed. */
export interface AppendRun {
  readonly dataDir: string;
  /** Names its records. */
  readonly name: string;
  readonly durability: 'strict' | 'relaxed';
  readonly env?: NodeJS.ProcessEnv;
}

/** Acknowledgements after which it is killed, at most. */
const KILL_AFTER_MAX = 1_500;
/** Of so many runs one is killed while it starts: within this time, ms. */
const STARTS_KILLED_ONE_IN = 4;
const START_MS = 400;

/** Runs it and kills it (SIGKILL) at a random moment. Gives what it had acknowledged by then. */
export async function appendedBeforeKill(run: AppendRun, random: Random): Promise<Acknowledged[]> {
  const at = random.oneIn(STARTS_KILLED_ONE_IN)
    ? { ms: random.below(START_MS) }
    : { lines: 1 + random.below(KILL_AFTER_MAX) };
  const lines = await linesBeforeKill('append-child.js', [run.dataDir, run.name, run.durability], at, run.env);
  return lines.map((line) => {
    const [seq = '', route = '', early] = line.split(' ');
    return { seq: Number(seq), route, mayBeLost: early === 'early' };
  });
}
