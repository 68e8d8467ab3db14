import { createRandom } from '../fuzz/random.js';
import { needs } from '../tools/needs.js';
import { isGood } from './findings.js';
import { powerCuts } from './power-cut.js';
import { compiler } from './preloaded.js';

/** `npm run test:faults` cuts more often; here it is shown that it holds. */
needs(compiler)('every acknowledged decision is in the log after the power was cut twice under load', async (t) => {
  const findings = await powerCuts({ cutsAfterMs: [150, 400], random: createRandom(7) });
  t.true(findings.acknowledged > 0, 'the load must have been answered before the cuts');
  t.true(isGood(findings), JSON.stringify(findings));
});
