import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PLANTED_FAULTS, plantedModule } from '../audit/simulation/planted.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { strace } from '../tools/requirements.js';
import { faultyCalls } from './faulty-calls.js';
import { isGood } from './findings.js';
import { faultyLog, type LogFault, nameOf } from './log-calls.js';

// `npm run test:faults -- calls service` goes through all calls; here a few show that it holds.

needs(strace)(
  'on a disk that is full for a while nothing acknowledged is missing, and the service is healed',
  async (t) => {
    const findings = await faultyCalls({ call: 'write', error: 'ENOSPC', when: 10, isSticky: true });
    t.true(findings.isHit);
    t.is(findings.service, 'healed');
    t.true(isGood(findings), JSON.stringify(findings));
  },
);

const FAULTS: readonly LogFault[] = [
  { call: 'fdatasync', error: 'EIO', when: 9, lasting: 'once', durability: 'strict' },
  { call: 'openat', error: 'EMFILE', when: 8, lasting: '25 times', durability: 'strict' },
  { call: 'rename', error: 'ENOSPC', when: 1, lasting: 'for good', durability: 'strict' },
  { call: 'write', error: 'EIO', when: 22, lasting: 'once', durability: 'relaxed' },
  { call: 'short write', error: '', when: 6_000, lasting: 'once', durability: 'relaxed' },
];

for (const fault of FAULTS) {
  needs(strace)(`a log under ${nameOf(fault)} has all that was acknowledged, once, and verifies`, async (t) => {
    t.deepEqual(await faultyLog(fault), []);
  });
}

needs(strace)('a log that acknowledges before the sync is found out by a call that fails', async (t) => {
  const planted = PLANTED_FAULTS['acknowledges before the sync'];
  if (!planted) return t.fail('it is planted no more');
  const module = await plantedModule(planted);
  for (let when = 1; when <= 20; when++) {
    const fault: LogFault = { call: 'write', error: 'ENOSPC', when, lasting: 'once', durability: 'strict' };
    const [wrong] = await faultyLog(fault, module);
    if (wrong !== undefined) return t.pass(wrong);
  }
  return t.fail('no write that fails shows it');
});

test.after.always(() => rm(join(repositoryRoot, 'build', 'planted'), { recursive: true, force: true }));
