/** What a run found. */
export interface FuzzResult {
  /** Inputs that were tried. */
  readonly runs: number;
  /** One sentence each; the same seed shows them again. */
  readonly failures: readonly string[];
  /** Figures for people. */
  readonly figures: Readonly<Record<string, string>>;
}
