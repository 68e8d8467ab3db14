import { spawnSync } from 'node:child_process';
import type { Requirement } from './requirements.js';

/** Python with its standard library, and openssl 3, which it checks signatures with. */
export const pythonAndOpenssl: Requirement = {
  name: 'python3 and openssl 3',
  missing() {
    const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
    if (python.status !== 0) return 'python3 3.9 or newer is not installed';
    const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' });
    return /^OpenSSL [3-9]/.test(openssl.stdout ?? '') ? undefined : 'openssl 3 is not installed';
  },
};
