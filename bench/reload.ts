import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSidecarProcess } from '../tests/processes/sidecar.js';
import { moveToClientCore } from './cores.js';
import { settled } from './cpu.js';
import { type EvaluateLoop, type Sample, startEvaluateLoop } from './evaluate-loop.js';
import { generatedPack } from './generated-pack.js';
import { chatText } from './prompt.js';
import { median, summary } from './statistics.js';

const TEXT_BYTES = 1024;
const OWN_RULES = 300;
const WARM_UP_MS = 4000;
/** Between two replacements; more when a reload takes longer. */
const SWAP_EVERY_MS = 2000;
/** Swaps in a row, between stretches of quiet that show what the machine does by itself. */
const SWAPS_IN_A_ROW = 3;
const QUIET_MS = 6000;
/** Before the file is replaced, and after the first answer under the new policy. */
const MARGIN_MS = 500;
/** A replacement that takes longer is the last of its kind: what comes after it could not be told from it. */
const IN_FORCE_MS_MAX = 60_000;

export interface ReloadOptions {
  readonly folder: string;
  readonly perSecond: number;
  readonly rounds: number;
}

/** One reload under load. */
interface Swap {
  readonly replacedMs: number;
  /** First answer under the new policy; the end of the waiting when there was none. */
  readonly inForceMs: number;
  readonly isInForce: boolean;
}

export interface ReloadResult {
  readonly what: string;
  readonly requests: number;
  readonly failed: number;
  /** From the replacing of the file to the first answer under the new policy, median, ms. */
  readonly inForceAfterMs: number;
  readonly inForceAfterMaxMs: number;
  /** Replacements that were not in force within IN_FORCE_MS_MAX. They count as if they had been then. */
  readonly notInForce: number;
  readonly quietMs: ReturnType<typeof summary>;
  /** Largest latency around each reload, above the quiet p99, ms. */
  readonly stepsMs: readonly number[];
  readonly stepMaxMs: number;
  readonly stepMedianMs: number;
  /** The same for stretches of the same length without a reload: what is not the reload's doing. */
  readonly controlStepsMs: readonly number[];
  readonly controlStepMaxMs: number;
  readonly controlStepMedianMs: number;
}

/** What is replaced while requests go on. */
interface Kind {
  readonly what: string;
  readonly files: (generation: number) => Readonly<Record<string, string>>;
}

const KINDS: readonly Kind[] = [
  {
    what: `a pack of ${OWN_RULES} rules`,
    files: (generation) => ({
      'jimini.yaml': 'packs: [all, ./own.yaml]\n',
      'own.yaml': generatedPack({ name: 'own', rules: OWN_RULES, seed: 1 + (generation % 2) }),
    }),
  },
  {
    // A setting of which every pack depends, so that all are loaded anew.
    what: 'all built-in packs',
    files: (generation) => ({
      'jimini.yaml': `packs: [all]\npolicy: {ancestorDirections: ${generation % 2 === 0 ? 'inert' : 'map'}}\n`,
    }),
  },
];

/**
 * Latency at a fixed rate while packs are replaced under load, against stretches of the same run without a reload. The
 * client is kept on one core; the sidecar may use all.
 */
export async function measureReload(options: ReloadOptions): Promise<readonly ReloadResult[]> {
  moveToClientCore();
  const results: ReloadResult[] = [];
  for (const [i, kind] of KINDS.entries()) {
    results.push(await measureKind(kind, { ...options, folder: join(options.folder, `reload-${i}`) }));
  }
  return results;
}

async function measureKind(kind: Kind, { folder, perSecond, rounds }: ReloadOptions): Promise<ReloadResult> {
  await mkdir(folder);
  await put(folder, kind.files(0));
  const args = ['--config', join(folder, 'jimini.yaml')];
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), args });
  try {
    await settled(sidecar.pid);
    const load = { address: sidecar.data, text: chatText(TEXT_BYTES), perSecond };
    const warmUp = await startEvaluateLoop(load);
    await sleep(WARM_UP_MS);
    await warmUp.stop();
    const samples: Sample[] = [];
    const swaps: Swap[] = [];
    for (let round = 0; round < rounds && swaps.at(-1)?.isInForce !== false; round++) {
      const loop = await startEvaluateLoop(load);
      await sleep(QUIET_MS);
      for (let i = 0; i < SWAPS_IN_A_ROW && swaps.at(-1)?.isInForce !== false; i++) {
        swaps.push(await swap(loop, folder, kind.files(swaps.length + 1)));
      }
      await loop.stop();
      samples.push(...loop.samples);
      process.stderr.write(`  ${kind.what}: round ${round + 1}/${rounds}\n`);
    }
    return { what: kind.what, ...figures(samples, swaps) };
  } finally {
    await sidecar.stop();
  }
}

/** Each file is replaced by renaming, as careful tools do. */
async function put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, `${name}.new`), text);
    await rename(join(folder, `${name}.new`), join(folder, name));
  }
}

/** Replaces the files, waits until the new policy judges, and on until the next swap is due. */
async function swap(loop: EvaluateLoop, folder: string, files: Readonly<Record<string, string>>): Promise<Swap> {
  const before = loop.samples.at(-1)?.revision;
  const replacedMs = performance.now();
  await put(folder, files);
  const isNew = ({ intendedMs, revision }: Sample) =>
    intendedMs >= replacedMs && revision !== undefined && revision !== before;
  const endMs = replacedMs + IN_FORCE_MS_MAX;
  while (!loop.samples.findLast(isNew) && performance.now() < endMs) await sleep(20);
  const first = loop.samples.find(isNew);
  await sleep(Math.max(MARGIN_MS, replacedMs + SWAP_EVERY_MS - performance.now()));
  const inForceMs = first ? first.intendedMs + first.latencyMs : endMs;
  return { replacedMs, inForceMs, isInForce: first !== undefined };
}

function figures(samples: readonly Sample[], swaps: readonly Swap[]): Omit<ReloadResult, 'what'> {
  const windows = swaps.map(({ replacedMs, inForceMs }) => [replacedMs - MARGIN_MS, inForceMs + MARGIN_MS] as const);
  const length = median(windows.map(([from, to]) => to - from));
  const controls = swaps.flatMap(({ replacedMs }, i) => (i % SWAPS_IN_A_ROW === 0 ? before(replacedMs, length) : []));
  const inControls = samples.filter((sample) => controls.some((window) => isIn(window, sample)));
  const quietMs = summary(inControls.map(({ latencyMs }) => latencyMs));
  const stepOf = (window: readonly [number, number]) =>
    samples.reduce((most, sample) => (isIn(window, sample) ? Math.max(most, sample.latencyMs) : most), 0) - quietMs.p99;
  const stepsMs = windows.map(stepOf);
  const inForceAfterMs = swaps.map(({ replacedMs, inForceMs }) => inForceMs - replacedMs);
  const controlStepsMs = controls.map(stepOf);
  return {
    requests: samples.length,
    failed: samples.filter(({ revision }) => revision === undefined).length,
    inForceAfterMs: median(inForceAfterMs),
    inForceAfterMaxMs: Math.max(...inForceAfterMs),
    notInForce: swaps.filter(({ isInForce }) => !isInForce).length,
    quietMs,
    stepsMs,
    stepMaxMs: Math.max(...stepsMs),
    stepMedianMs: median(stepsMs),
    controlStepsMs,
    controlStepMaxMs: Math.max(...controlStepsMs),
    controlStepMedianMs: median(controlStepsMs),
  };
}

/** Windows of this length that fit into the quiet stretch before a swap; one of the whole stretch when none fits. */
function before(replacedMs: number, lengthMs: number): (readonly [number, number])[] {
  const stretchMs = QUIET_MS - 2 * MARGIN_MS;
  const count = Math.max(1, Math.floor(stretchMs / lengthMs));
  return Array.from({ length: count }, (_, i) => {
    const to = replacedMs - MARGIN_MS - i * lengthMs;
    return [to - Math.min(lengthMs, stretchMs), to] as const;
  });
}

function isIn([from, to]: readonly [number, number], { intendedMs }: Sample): boolean {
  return intendedMs >= from && intendedMs < to;
}
