import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { ownTmpfs, UNSHARE } from '../tools/requirements.js';

/** What becomes of a log whose disk others fill. */
function onFullDisk(which: 'with' | 'without'): unknown {
  const child = fileURLToPath(new URL('ballast-child.js', import.meta.url));
  const mount = 'mount -t tmpfs -o size=200m tmpfs "$1" && exec "$0" "$2" "$1" "$3"';
  const own = [process.execPath, temporaryDirectory(), child, which];
  const { stdout, stderr, status, signal } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', mount, ...own], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return status === 0 && stdout !== '' ? JSON.parse(stdout) : { status, signal, stderr };
}

needs(ownTmpfs)('with the room of its ballast a log on a full disk heals, ends in order and starts again', (t) => {
  t.deepEqual(onFullDisk('with'), {
    state: 'open',
    shortage: 'space',
    closed: 'ok',
    before: LIMITS.ballastBytes,
    after: 0,
    started: 'ok',
  });
});

needs(ownTmpfs)('without a ballast it does none of these, which is why there is one', (t) => {
  t.like(onFullDisk('without'), {
    state: 'healing',
    closed: 'JIMINI_STORE_UNAVAILABLE',
    started: 'JIMINI_STORE_UNAVAILABLE',
  });
});
