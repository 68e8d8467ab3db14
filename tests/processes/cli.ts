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
