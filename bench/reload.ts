import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSidecarProcess } from '../tests/processes/sidecar.js';
import { CLIENT_CORE } from './cores.js';
import { settled } from './cpu.js';
import { connections, evaluate, evaluateMessage } from './evaluate-loop.js';
import { generatedPack } from './generated-pack.js';
import { type GhzSample, startGhz } from './ghz.js';
import { chatText } from './prompt.js';
import { median, summary } from './statistics.js';

const TEXT_BYTES = 1024;
const OWN_RULES = 300;
const WARM_UP_SECONDS = 4;
/** Longer than a round can take. */
const ROUND_SECONDS_MAX = 300;
/** Between two requests that ask which policy judges. */
const ASK_EVERY_MS = 20;
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
    const asker = await startAsking(sidecar.data);
    const start = (seconds: number) =>
      startGhz({
        address: sidecar.data,
        call: 'jimini.v1.PolicyService/Evaluate',
        message: evaluateMessage({ text: chatText(TEXT_BYTES) }),
        perSecond,
        seconds,
        folder,
        prefix: ['taskset', '-c', CLIENT_CORE],
      });
    await (await start(WARM_UP_SECONDS)).finished();
    const samples: GhzSample[] = [];
    const swaps: Swap[] = [];
    for (let round = 0; round < rounds && swaps.at(-1)?.isInForce !== false; round++) {
      const run = await start(ROUND_SECONDS_MAX);
      await sleep(QUIET_MS);
      for (let i = 0; i < SWAPS_IN_A_ROW && swaps.at(-1)?.isInForce !== false; i++) {
        swaps.push(await swap(asker, folder, kind.files(swaps.length + 1)));
      }
      samples.push(...(await run.stop()));
      process.stderr.write(`  ${kind.what}: round ${round + 1}/${rounds}\n`);
    }
    asker.stop();
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

/** Knows which policy judges, from requests of its own. */
interface Asker {
  /** Of the last answer; empty before the first. */
  readonly revision: string;
  stop(): void;
}

/** Asks every ASK_EVERY_MS, beside the load. */
async function startAsking(address: string): Promise<Asker> {
  const [client] = await connections(address, 1);
  if (!client) throw new Error('no connection');
  const message = evaluateMessage({ text: 'which policy?' });
  const asker = {
    revision: '',
    stop: () => {
      clearInterval(timer);
      client.close();
    },
  };
  const ask = () =>
    evaluate(client, message, (answer) => {
      asker.revision = answer?.policyRevision ?? asker.revision;
    });
  const timer = setInterval(ask, ASK_EVERY_MS);
  return asker;
}

/** Replaces the files, waits until the new policy judges, and on until the next swap is due. */
async function swap(asker: Asker, folder: string, files: Readonly<Record<string, string>>): Promise<Swap> {
  const before = asker.revision;
  const replacedMs = performance.now();
  await put(folder, files);
  const endMs = replacedMs + IN_FORCE_MS_MAX;
  while (asker.revision === before && performance.now() < endMs) await sleep(ASK_EVERY_MS);
  const isInForce = asker.revision !== before;
  const inForceMs = isInForce ? performance.now() : endMs;
  await sleep(Math.max(MARGIN_MS, replacedMs + SWAP_EVERY_MS - performance.now()));
  return { replacedMs, inForceMs, isInForce };
}

function figures(samples: readonly GhzSample[], swaps: readonly Swap[]): Omit<ReloadResult, 'what'> {
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
    failed: samples.filter(({ isOk }) => !isOk).length,
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

function isIn([from, to]: readonly [number, number], { sentMs }: GhzSample): boolean {
  return sentMs >= from && sentMs < to;
}
