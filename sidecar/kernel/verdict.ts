/** What Jimini says of one evaluation, from mildest to strictest. */
export const VERDICTS = ['ALLOW', 'FLAG', 'MASK', 'BLOCK'] as const;
/** One of `VERDICTS`. */
export type Verdict = (typeof VERDICTS)[number];

/** The stricter of two verdicts: ALLOW < FLAG < MASK < BLOCK. */
export function stricter(a: Verdict, b: Verdict): Verdict {
  return VERDICTS.indexOf(a) >= VERDICTS.indexOf(b) ? a : b;
}

/** What a rule does when it matches, as written in a pack. */
export const ACTIONS = ['allow', 'flag', 'mask', 'block'] as const;
/** One of `ACTIONS`. */
export type Action = (typeof ACTIONS)[number];

/** The verdict that a rule's action asks for. */
export function verdictOfAction(action: Action): Verdict {
  return VERDICTS[ACTIONS.indexOf(action)] as Verdict;
}
