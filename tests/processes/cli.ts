import { execFile } from 'node:child_process';
import { jiminiProgram, repositoryRoot } from './sidecar.js';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line to its end. Never rejects because of the exit code. */
export function jimini(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: repositoryRoot,
      env: { ...process.env, ...env },
      timeout: 120_000,
      maxBuffer: 256 * 1024 * 1024,
    };
    execFile(process.execPath, ['--enable-source-maps', jiminiProgram, ...args], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** Runs of `log verify` until the leaves of a log in use are signed: a second after the last of them was written. */
const SIGNED_TRIES = 20;

/**
 * Verifies a log that may be in use, with the arguments behind `log verify`: again while there are leaves that are not signed yet
 * (exit code 3).
 */
export async function verifySigned(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  for (let tries = 1; ; tries += 1) {
    const ran = await jimini(['log', 'verify', ...args], env);
    if (ran.code !== 3 || tries === SIGNED_TRIES) return ran;
  }
}
