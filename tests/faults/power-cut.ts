import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { createRandom, type Random } from '../fuzz/random.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';
import { appendedBeforeKill } from './append-runs.js';
import { type Findings, foundAfter, startLoad } from './findings.js';
import { type Acknowledged, wrongInLog } from './log-findings.js';
import { compile } from './preloaded.js';

/** A directory whose power can be cut, and the environment of the processes that write to it. */
export interface CutDirectory {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  /** All that is there counts as synced. */
  keepAll(): Promise<void>;
  /** After the processes were killed: what had not been synced is lost, or reached the disk in part. */
  cut(): Promise<void>;
  remove(): Promise<void>;
}

/** Makes one that does not exist yet, below a temporary folder. */
export async function createCutDirectory(random: Random): Promise<CutDirectory> {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-power-'));
  const [root, shadow] = [join(folder, 'data'), join(folder, 'shadow')];
  return {
    root,
    env: { LD_PRELOAD: compile(folder, 'power-cut.c'), POWER_CUT_ROOT: root, POWER_CUT_SHADOW: shadow },
    keepAll: () => keepAll(root, shadow),
    cut: () => cutPower(root, shadow, random),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface PowerCutOptions {
  /** How long the load runs before each cut, ms; one entry for each cut. */
  readonly cutsAfterMs: readonly number[];
  readonly random: Random;
}

/**
 * Cuts the power of a loaded sidecar again and again. Then it starts as usual, and every decision that was acknowledged is looked
 * for.
 */
export async function powerCuts({ cutsAfterMs, random }: PowerCutOptions): Promise<Findings> {
  const directory = await createCutDirectory(random);
  try {
    const acknowledged: string[] = [];
    for (const cutAfterMs of cutsAfterMs) {
      await directory.keepAll();
      const env = { ...FEW_RULES, ...directory.env };
      const sidecar = await startSidecarProcess({ dataDir: directory.root, env });
      const load = startLoad(sidecar.data);
      await load.begun;
      await new Promise((resolve) => setTimeout(resolve, cutAfterMs));
      await sidecar.stop('SIGKILL');
      acknowledged.push(...(await load.stop()));
      await directory.cut();
    }
    return await foundAfter(directory.root, acknowledged);
  } finally {
    await directory.remove();
  }
}

/** The same for the log alone, which starts in a fraction of the time. Gives what is wrong with it in the end. */
export async function logPowerCuts(cuts: number, seed: number): Promise<string[]> {
  const random = createRandom(seed);
  const directory = await createCutDirectory(random);
  try {
    await prepareDataDirectory(directory.root);
    const acknowledged: Acknowledged[] = [];
    for (let cut = 0; cut < cuts; cut++) {
      await directory.keepAll();
      const durability = random.oneIn(3) ? 'relaxed' : 'strict';
      const run = { dataDir: directory.root, name: `${cut}`, durability, env: directory.env } as const;
      acknowledged.push(...(await appendedBeforeKill(run, random)));
      await directory.cut();
    }
    return await wrongInLog(directory.root, { acknowledged, crashes: cuts });
  } finally {
    await directory.remove();
  }
}

/** One name below a directory. */
interface Name {
  readonly inode: string;
  readonly kind: 'f' | 'd';
  /** Relative. */
  readonly path: string;
}

/** All that is there counts as synced. */
async function keepAll(root: string, shadow: string): Promise<void> {
  await rm(shadow, { recursive: true, force: true });
  await mkdir(join(shadow, 'files'), { recursive: true });
  const names = await namesBelow(root);
  for (const { inode, kind, path } of names) {
    if (kind === 'f') await copyFile(join(root, path), join(shadow, 'files', inode));
  }
  await writeFile(join(shadow, 'names'), names.map(({ inode, kind, path }) => `${inode} ${kind} ${path}\n`).join(''));
}

async function namesBelow(root: string, below = ''): Promise<Name[]> {
  const entries = await readdir(join(root, below)).catch(() => []);
  const names: Name[] = [];
  for (const entry of entries) {
    const path = join(below, entry);
    const { ino, birthtimeNs, ...stat } = await lstat(join(root, path), { bigint: true });
    const inode = `${ino}-${birthtimeNs / 1_000_000_000n}.${String(birthtimeNs % 1_000_000_000n).padStart(9, '0')}`;
    const kind = (stat.mode & 0o170000n) === 0o040000n ? 'd' : 'f';
    names.push({ inode, kind, path });
    if (kind === 'd') names.push(...(await namesBelow(root, path)));
  }
  return names;
}

/** Builds the directory anew as a disk may hold it after the cut: names as of the last sync or as of now, and of files what was synced and perhaps more. */
async function cutPower(root: string, shadow: string, random: Random): Promise<void> {
  const now = await namesBelow(root);
  const lines = (await readFile(join(shadow, 'names'), 'utf8')).split('\n').filter((line) => line !== '');
  const synced = lines.map((line): Name => {
    const [inode = '', kind = 'f', ...path] = line.split(' ');
    return { inode, kind: kind === 'd' ? 'd' : 'f', path: path.join(' ') };
  });
  const fresh = `${root}.cut`;
  await mkdir(fresh, { mode: 0o700 });
  for (const { inode, kind, path } of random.oneIn(2) ? synced : now) {
    if (kind === 'd') {
      await mkdir(join(fresh, path), { mode: 0o700 });
      continue;
    }
    const kept = await bytesOf(join(shadow, 'files', inode));
    const place = now.find((name) => name.inode === inode)?.path;
    const last = place === undefined ? kept : await bytesOf(join(root, place));
    await writeFile(join(fresh, path), survivorOf(kept, last, random));
    await chmod(join(fresh, path), 0o600);
  }
  await rm(root, { recursive: true });
  await rename(fresh, root);
}

async function bytesOf(path: string): Promise<Buffer> {
  return readFile(path).catch(() => Buffer.alloc(0));
}

/** What is left of a file: as it was synced, as it is, or something in between. */
function survivorOf(synced: Buffer, last: Buffer, random: Random): Buffer {
  const isGrown = last.subarray(0, synced.length).equals(synced);
  const least = isGrown ? synced.length : 0;
  const cut = least + random.below(last.length - least + 1);
  switch (random.below(4)) {
    case 0:
      return synced;
    case 1:
      return last;
    case 2:
      return last.subarray(0, cut);
    default:
      // The length has reached the disk, and of the bytes only some.
      return Buffer.concat([last.subarray(0, cut), Buffer.alloc(last.length - cut)]);
  }
}
