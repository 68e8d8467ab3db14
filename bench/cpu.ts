import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of CPU times in /proc is 1/100 s on every Linux that Node runs on (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

/** CPU time that a process with all its threads has used, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Field 2 is the name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
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
