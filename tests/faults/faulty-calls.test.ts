import { needs } from '../tools/needs.js';
import { strace } from '../tools/requirements.js';
import { type Fault, faultyCalls, nameOf } from './faulty-calls.js';
import { isGood } from './findings.js';

/** `npm run test:faults` goes through all calls; here a few show that it holds. */
const FAULTS: readonly (readonly [Fault, 'healed' | 'refused'])[] = [
  [{ call: 'fdatasync', error: 'EIO', when: 5, isSticky: false }, 'healed'],
  [{ call: 'write', error: 'ENOSPC', when: 20, isSticky: true }, 'healed'],
  [{ call: 'openat', error: 'EMFILE', when: 2, isSticky: false }, 'refused'],
];

for (const [fault, service] of FAULTS) {
  needs(strace)(`after ${nameOf(fault)}, nothing acknowledged is missing, and the service is ${service}`, async (t) => {
    const findings = await faultyCalls(fault);
    t.true(findings.isHit);
    t.is(findings.service, service);
    t.true(isGood(findings), JSON.stringify(findings));
  });
}
