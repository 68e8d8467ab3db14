import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../storage/temporary.js';
import { needs, ownTmpfs, UNSHARE } from '../tools/needs.js';

needs(ownTmpfs)('on a full disk nothing acknowledged is lost, and service resumes once there is room', (t) => {
  const child = fileURLToPath(new URL('full-disk-child.js', import.meta.url));
  const mount = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$0" "$2" "$1"';
  const { stdout, stderr } = spawnSync(
    'unshare',
    [...UNSHARE, 'sh', '-c', mount, process.execPath, temporaryDirectory(), child],
    { encoding: 'utf8', timeout: 60_000 },
  );
  t.is(stderr, '');
  const report = JSON.parse(stdout) as Record<string, unknown>;
  t.deepEqual(report['wrong'], []);
  t.true(report['isBackAfterwards']);
  t.is(report['unsigned'], 0, 'checkpoints are written again, too');
  t.true((report['refusals'] as number) >= 30);
  t.true((report['acknowledged'] as number) >= 120);
  t.regex(JSON.stringify(report['errors']), /No space left on device/);
});
