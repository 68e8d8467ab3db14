import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The last core: the one that whoever sends requests is kept on, so that it does not move about under the sidecar. */
export const CLIENT_CORE = String(availableParallelism() - 1);

/** Keeps this process with all its threads on the core of clients (util-linux). The sidecar keeps all cores. */
export function moveToClientCore(): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', CLIENT_CORE, String(process.pid)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
