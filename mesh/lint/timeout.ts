import type { Report } from './checks.js';
import { TIMEOUT_MS_LONG, TIMEOUT_MS_SHORT } from './expected.js';
import { durationMsOf } from './quantity.js';
import type { Field, Place } from './tree.js';

/** Checks the time limit of one call. `missing` says where it should be, and of what; absent: its absence is no finding. */
export function checkTimeout(
  report: Report,
  timeout: Field | undefined,
  missing?: { readonly place: Place; readonly of: string; readonly name: string },
): void {
  if (!timeout) {
    if (missing) report('timeout-missing', missing.place, `${missing.of} has no ${missing.name}`);
    return;
  }
  const ms = durationMsOf(timeout.value);
  if (ms === undefined) return;
  const said = `${timeout.name} is ${ms} ms`;
  if (ms === 0) report('timeout-none', timeout, said);
  else if (ms < TIMEOUT_MS_SHORT) report('timeout-short', timeout, said);
  else if (ms > TIMEOUT_MS_LONG) report('timeout-long', timeout, said);
}
