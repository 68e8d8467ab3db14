import type { Decision, Evaluation } from './evaluation.js';

/** The one use case as the doors see it: judge, record durably, answer. */
export interface DecisionPort {
  /**
   * Judges and records. Resolves after the record is on disk; nothing ends it before, because a caller that hung up is still
   * recorded. A store that cannot record gives `outage`, and BLOCK unless `passesUnrecorded`. Rejects only with
   * `JIMINI_OVERLOADED`: nothing was judged and nothing recorded.
   */
  decide(evaluation: Evaluation): Promise<Decision>;
}
