import { needs } from '../tools/needs.js';
import { ownTmpfs } from '../tools/requirements.js';
import { compiler } from './preloaded.js';
import { clockJumps, readOnlyDisk } from './scenarios.js';

// What `npm run test:faults -- service` has besides is shown by tests/e2e/disk-full.test.ts and tests/e2e/lifecycle.test.ts.

needs(compiler)('a clock that jumps by days is no reason to refuse anything, and leaves no gap', async (t) => {
  t.deepEqual(await clockJumps(), []);
});

needs(ownTmpfs)('a disk that is read-only for a while is waited for, and the service goes on by itself', async (t) => {
  t.deepEqual(await readOnlyDisk(), []);
});
