import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('log-program.js', import.meta.url));

/** Runs `jimini log` with these arguments, and nothing of the environment that names a log. */
export function runLogCommand(...args: string[]) {
  const env = { ...process.env, JIMINI_DATA_DIR: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env });
  return { exit: status, stdout, stderr };
}
