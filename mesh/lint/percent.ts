import { at, numberOf, type Tree, textAt } from './tree.js';

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** Percent of a fraction, or of a plain number of percent (envoy/type/v3/percent.proto); a missing numerator is 0, a missing denominator a hundred. */
export function percentOf(fraction: Tree): number {
  const numerator = numberOf(at(fraction, 'numerator') ?? fraction) ?? 0;
  return (100 * numerator) / (DENOMINATORS[textAt(fraction, 'denominator') ?? 'HUNDRED'] ?? 100);
}
