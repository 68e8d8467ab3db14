import { LIMITS } from '../kernel/limits.js';

/**
 * What judging costs, in units of about a nanosecond on a server core, so that the budget does not depend on the
 * clock: the same evaluation always costs the same.
 */
export const WORK = {
  /** One UTF-16 unit in the pass over the literals. */
  scanUnit: 6,
  /** One segment, whatever its length. */
  segment: 500,
  /** One UTF-16 unit of a segment whose other readings are made. */
  viewUnit: 60,
  /** One other reading that is made of a segment, whatever its length. */
  view: 10_000,
  /** One rule looked at for one segment. */
  ruleCheck: 20,
  /** One UTF-16 unit under a pattern on JavaScript's engine. */
  v8: 4,
  /** One UTF-16 unit under a pattern on RE2, whatever the pattern. */
  re2: 100,
  /** One UTF-16 unit on RE2 under a pattern that ships with the program. */
  re2Vetted: 1000,
  /** One match on RE2 under such a pattern: setting its machines up takes longer than a short match. */
  re2Match: 60_000,
  /** One state of the pattern that the text leads to: what counting it and what RE2 does about it cost. */
  re2State: 30,
  /** One place where a pattern is tried, whatever its length. */
  stretch: 500,
  /** One match: its span is kept. */
  match: 2000,
  /** One validator or context search on one match. */
  check: 4000,
} as const;

/** Thrown when judging one evaluation would take more work than it may. */
export class BudgetExceeded extends Error {
  constructor() {
    super('the work budget of this evaluation is used up');
    this.name = 'BudgetExceeded';
  }
}

/** Counts the work of one evaluation. */
export class WorkBudget {
  private readonly units: number;
  private left: number;
  /** Matches of patterns so far, whether they counted or not. */
  matchesTried = 0;
  private matchesLeft: number = LIMITS.matchesMax;
  /** `spend` by itself, made once for all patterns that are tried. */
  readonly spender = (units: number): void => this.spend(units);

  constructor(units: number) {
    this.units = units;
    this.left = units;
  }

  /** Units spent so far. */
  get spent(): number {
    return this.units - this.left;
  }

  /** Counts a match that is kept. Throws BudgetExceeded for one too many. */
  keepMatch(): void {
    this.matchesLeft -= 1;
    if (this.matchesLeft < 0) throw new BudgetExceeded();
  }

  /** Throws BudgetExceeded when there is not that much left. */
  spend(units: number): void {
    this.left -= units;
    if (this.left < 0) throw new BudgetExceeded();
  }
}
