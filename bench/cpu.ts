import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** USER_HZ: the unit of CPU times in /proc is 1/100 s on every Linux that Node runs on (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

/** CPU time that a process with all its threads has used, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Field 2 is the name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** A process that takes less than this share of a core for so long has nothing left to do of its own. */
const SETTLED_SHARE = 0.05;
const SETTLED_MS = 500;
const SETTLE_MS_MAX = 60_000;

/** Waits until a process that was just started does nothing any more: a sidecar's worker still loads when it listens. */
export async function settled(pid: number): Promise<void> {
  const endMs = performance.now() + SETTLE_MS_MAX;
  for (let share = 1; share > SETTLED_SHARE && performance.now() < endMs; ) {
    const [beforeSeconds, beforeMs] = [cpuSeconds(pid), performance.now()];
    await sleep(SETTLED_MS);
    share = ((cpuSeconds(pid) - beforeSeconds) * 1000) / (performance.now() - beforeMs);
  }
}

/**
 * CPU time of one call, microseconds, over so many calls that they take about `batchMs`. All threads of this process
 * count, those of the collector and the compiler too.
 */
export function cpuMicrosPerCall(call: () => void, batchMs: number): number {
  let calls = 0;
  const before = process.cpuUsage();
  const endMs = performance.now() + batchMs;
  // A clock reading for every few calls, so that it does not count beside short ones.
  for (let more = 1; performance.now() < endMs; more = Math.min(64, more * 2)) {
    for (let i = 0; i < more; i++) call();
    calls += more;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
