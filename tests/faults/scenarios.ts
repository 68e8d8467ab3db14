import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FEW_RULES, type SidecarProcess, startSidecarProcess } from '../processes/sidecar.js';
import { exportedLeaves, foundAfter, isGood, startLoad } from './findings.js';
import { createOwnMount, type OwnMount } from './own-mount.js';
import { compile } from './preloaded.js';

const LOAD_MS = 300;
const WAIT_MS_MAX = 30_000;
const DAY_S = 24 * 60 * 60;
/** As wrong as the clock of a log must have been for a jump to be seen in it, ms. */
const JUMP_SEEN_MS = 20 * 60 * 60 * 1000;
const STREAMS = 8;

/** Something that happens to a loaded sidecar. Gives what is wrong afterwards; empty = every acknowledged decision is there once, the log verifies, and the service went on by itself. */
export type Scenario = () => Promise<string[]>;

/** The wall clock jumps a day forward, two back, and to where it was: nothing is refused, and no record is missing. */
export const clockJumps: Scenario = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-clock-'));
  try {
    const [dataDir, file] = [join(folder, 'data'), join(folder, 'offset')];
    const jump = (seconds: number) => {
      const offset = Buffer.alloc(8);
      offset.writeBigInt64LE(BigInt(seconds));
      return writeFile(file, offset, { flag: 'r+' });
    };
    await writeFile(file, Buffer.alloc(8));
    const env = { ...FEW_RULES, LD_PRELOAD: compile(folder, 'clock-jump.c'), CLOCK_JUMP_FILE: file };
    const sidecar = await startSidecarProcess({ dataDir, env });
    const load = startLoad(sidecar.data, STREAMS);
    await load.begun;
    for (const seconds of [DAY_S, -DAY_S, 0]) {
      await pause(LOAD_MS);
      await jump(seconds);
    }
    await pause(LOAD_MS);
    const acknowledged = await load.stop();
    const isReady = (await readiness(sidecar)).status === 200;
    await sidecar.stop();
    const times = (await exportedLeaves(dataDir)).map(({ time_ms }) => time_ms as number);
    const spread = Math.max(...times) - Math.min(...times);
    return [
      ...(isReady ? [] : ['it is not ready']),
      ...(load.refused() === 0 ? [] : [`${load.refused()} were not recorded`]),
      ...(spread > 2 * JUMP_SEEN_MS ? [] : [`the clock did not jump: leaves are within ${spread} ms`]),
      ...(await wrongIn(dataDir, acknowledged)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * The file system becomes read-only and can be written to again. The kernel refuses that while files are open for writing: so the place is
 * covered by a read-only mount of itself, and the files that are open may not grow any more (RLIMIT_FSIZE). In relaxed durability, whose
 * early answers must be there all the same.
 */
export const readOnlyDisk: Scenario = () =>
  onOwnMount('64m', { JIMINI_LOG_DURABILITY: 'relaxed' }, async (mount, sidecar) => {
    await mount.run('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"');
    await promisify(execFile)('prlimit', ['--pid', `${sidecar.pid}`, '--fsize=1:unlimited']);
    const stopped = await becomes(sidecar, 503);
    await promisify(execFile)('prlimit', ['--pid', `${sidecar.pid}`, '--fsize=unlimited']);
    await pause(LOAD_MS);
    const { status } = await readiness(sidecar);
    await mount.run('umount "$0"');
    const said = /read-only/i.test(sidecar.output()) ? [] : ['nothing says that the disk is read-only'];
    const told = sidecar.output().includes('log.durability is relaxed') ? [] : ['nothing says that it is relaxed'];
    return [...stopped, ...told, ...(status === 503 ? [] : [`ready (${status}) on a read-only disk`]), ...said];
  });

/** The disk is filled by others to the last byte, and freed again. */
export const fullDisk: Scenario = () =>
  onOwnMount('24m', {}, async (mount, sidecar) => {
    const filler = mount.outside(join(mount.path, 'filler'));
    await writeFile(filler, Buffer.alloc(32 * 1024 * 1024)).catch(() => undefined);
    const stopped = await becomes(sidecar, 503);
    await rm(filler);
    return stopped;
  });

/** A second sidecar on the same directory is told that another one runs; the first does not notice. */
export const secondProcess: Scenario = () =>
  onOwnMount('64m', {}, async (mount) => {
    const second = startSidecarProcess({ dataDir: join(mount.path, 'data'), prefix: mount.prefix, env: FEW_RULES });
    const said = await second.then(
      (sidecar) => sidecar.stop('SIGKILL').then(() => 'it started'),
      (error: Error) => error.message,
    );
    return /another instance runs on this data directory/.test(said) ? [] : [`the second one: ${said}`];
  });

/** Loads a sidecar on a tmpfs of its own, lets something happen, and waits until it records again. */
async function onOwnMount(
  size: string,
  settings: Record<string, string>,
  happens: (mount: OwnMount, sidecar: SidecarProcess) => Promise<string[]>,
): Promise<string[]> {
  const mount = await createOwnMount(size);
  let sidecar: SidecarProcess | undefined;
  try {
    const dataDir = join(mount.path, 'data');
    const env = { ...FEW_RULES, JIMINI_STORE_MIN_FREE_BYTES: '0', ...settings };
    sidecar = await startSidecarProcess({ dataDir, prefix: mount.prefix, env });
    const load = startLoad(sidecar.data, STREAMS);
    await load.begun;
    await pause(LOAD_MS);
    const wrong = await happens(mount, sidecar);
    const healed = await becomes(sidecar, 200);
    const before = load.acknowledged.length;
    await pause(LOAD_MS);
    const acknowledged = await load.stop();
    const goesOn = acknowledged.length > before ? [] : ['nothing was recorded afterwards'];
    const { code } = await sidecar.stop();
    const ended = code === 0 ? [] : [`it ended with ${code}: ${sidecar.output().slice(-500)}`];
    return [...wrong, ...healed, ...goesOn, ...ended, ...(await wrongIn(await mount.copied(dataDir), acknowledged))];
  } finally {
    await sidecar?.stop('SIGKILL');
    await mount.remove();
  }
}

async function wrongIn(dataDir: string, acknowledged: readonly string[]): Promise<string[]> {
  const findings = await foundAfter(dataDir, acknowledged);
  return isGood(findings) ? [] : [JSON.stringify(findings)];
}

function readiness({ ops }: SidecarProcess): Promise<Response> {
  return fetch(`http://${ops}/readyz`);
}

async function becomes(sidecar: SidecarProcess, status: number): Promise<string[]> {
  for (const endMs = performance.now() + WAIT_MS_MAX; performance.now() < endMs; await pause(50)) {
    if ((await readiness(sidecar)).status === status) return [];
  }
  return [`/readyz did not become ${status}: ${sidecar.output().slice(-1_000)}`];
}

function pause(ms: number): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
