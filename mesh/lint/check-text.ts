/** What a check is about, in words that hold wherever it is found. */
export interface CheckText {
  /** `error`: content can pass unjudged, or nothing can pass. `warning`: doubtful, or worse than it need be. */
  readonly severity: 'error' | 'warning';
  /** What comes of it. */
  readonly why: string;
  /** What to do. */
  readonly mend: string;
}
