import test, { type TestFn } from 'ava';
import type { Requirement } from './requirements.js';

/**
 * ava's `test.serial` (such tests share a real program), or its skipping twin when something is missing, which is said on
 * standard error. Where `CI` is set
 * nothing may be skipped: the tests are declared as usual, and fail.
 */
export function needs(...requirements: readonly Requirement[]): TestFn['serial'] | TestFn['skip'] {
  const reasons = requirements.flatMap((requirement) => {
    const reason = requirement.missing();
    return reason === undefined ? [] : [`${requirement.name}: ${reason}`];
  });
  if (reasons.length === 0 || process.env['CI']) return test.serial;
  process.stderr.write(`SKIPPED, needs ${reasons.join('; ')}\n`);
  return test.skip;
}
