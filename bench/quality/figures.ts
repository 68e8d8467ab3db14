import type { Outcome } from './score.js';

/** A share of texts, 0 to 1. */
export interface Figure {
  /** Texts that were scored. */
  readonly n: number;
  /** Texts that were left out because no rule stands for their entity. */
  readonly unclaimed: number;
  readonly hits: number;
  /** hits / n; absent when nothing was scored. */
  readonly share?: number;
  /** Mean of the shares of each entity: many variants of one token are one fact. */
  readonly macro?: number;
}

/** Recall (of matches) and share hit (of negatives), one figure for each reach of a label. */
export interface Figures {
  /** Any rule of the category fires. */
  readonly match: Figure;
  /** The same texts, stricter: a rule that stands for the entity fires. */
  readonly matchByEntity: Figure;
  readonly categoryNegatives: Figure;
  /** Near-misses: a rule that stands for the entity fires. */
  readonly entityNegatives: Figure;
  /** A rule that stands for the entity recognises the whole text. */
  readonly wholeMatch: Figure;
  readonly wholeNegatives: Figure;
  /** Of the matches that state what is to be found: all of it is. */
  readonly spans: Figure;
  /** Of the matches that state how many findings there are: as many are found. */
  readonly counts: Figure;
}

/** Figures of one group of texts, by what makes the group. */
export type Group = Readonly<Record<string, string>> & { readonly figures: Figures };

/** All that one run tells. */
export interface Report {
  /** By category over all files. */
  readonly categories: readonly Group[];
  readonly files: readonly Group[];
  readonly entities: readonly Group[];
  /** Prompt injection by repository and by the role that says the text. */
  readonly injection: readonly Group[];
  readonly benign: Benign;
  /** Texts that were not judged, or not all of them. */
  readonly texts: { readonly judged: number; readonly withGaps: number };
}

/** What ordinary texts (those with `negative_for`) meet, each counted once. */
interface Benign {
  readonly n: number;
  readonly blocked: number;
  readonly flagged: number;
  /** Share of the texts that any rule of the pack flags or blocks, also where the text is no valid negative for it. */
  readonly packs: Readonly<Record<string, number>>;
}

/** Figures of scored texts; `asTool` are the outcomes of prompt injection as said by a tool. */
export function reportOf(outcomes: readonly Outcome[], asTool: readonly Outcome[]): Report {
  const judged = [...new Map(outcomes.map((outcome) => [outcome.case, outcome.judged])).values()];
  const injection = outcomes.filter(({ category }) => category === 'prompt_injection');
  const repository = ({ case: { source } }: Outcome) => source.split(':', 1)[0] ?? '';
  const byRole = (of: readonly Outcome[], role: string) =>
    groups(of, (outcome) => ({ source: repository(outcome), role }));
  return {
    categories: groups(outcomes, ({ category }) => ({ category })),
    files: groups(outcomes, ({ case: { file }, category }) => ({ file, category })),
    entities: groups(outcomes, ({ case: { entity }, category }) => ({ category, entity })),
    injection: [...byRole(injection, 'user'), ...byRole(asTool, 'tool')],
    benign: benignOf(outcomes),
    texts: { judged: judged.length, withGaps: judged.filter(({ hasGap }) => hasGap).length },
  };
}

function benignOf(outcomes: readonly Outcome[]): Benign {
  const ordinary = outcomes.filter((outcome) => outcome.case.negative_for !== undefined);
  const texts = [...new Map(ordinary.map((outcome) => [outcome.case, outcome.judged])).values()];
  const packs = new Map<string, number>();
  for (const { rules } of texts)
    for (const pack of new Set([...rules].map((rule) => rule.split('/', 1)[0] ?? '')))
      packs.set(pack, (packs.get(pack) ?? 0) + 1 / texts.length);
  return {
    n: texts.length,
    blocked: texts.filter(({ verdict }) => verdict === 'BLOCK').length,
    flagged: texts.filter(({ rules }) => rules.size > 0).length,
    packs: Object.fromEntries([...packs].sort()),
  };
}

/** One group for every set of values that `keyOf` gives, in the order of the values. */
export function groups(outcomes: readonly Outcome[], keyOf: (of: Outcome) => Record<string, string>): Group[] {
  const byKey = Map.groupBy(outcomes, (outcome) => JSON.stringify(keyOf(outcome)));
  return [...byKey]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => ({ ...JSON.parse(key), figures: figuresOf(members) }));
}

function figuresOf(outcomes: readonly Outcome[]): Figures {
  const of = (kind: Outcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind);
  return {
    match: figureOf(of('match')),
    matchByEntity: figureOf(of('match'), ({ entityHit }) => entityHit),
    categoryNegatives: figureOf(of('category-negative')),
    entityNegatives: figureOf(of('entity-negative')),
    wholeMatch: figureOf(of('whole-match')),
    wholeNegatives: figureOf(of('whole-negative')),
    spans: figureOf(
      outcomes.filter(({ spansFound }) => spansFound !== undefined),
      ({ spansFound }) => spansFound,
    ),
    counts: figureOf(
      outcomes.filter(({ countRight }) => countRight !== undefined),
      ({ countRight }) => countRight,
    ),
  };
}

function figureOf(outcomes: readonly Outcome[], hitOf = ({ hit }: Outcome) => hit): Figure {
  const scored = outcomes.filter((outcome) => hitOf(outcome) !== undefined);
  const share = (of: readonly Outcome[]) => of.filter((outcome) => hitOf(outcome)).length / of.length;
  const entities = [...Map.groupBy(scored, (outcome) => outcome.case.entity).values()].map(share);
  return {
    n: scored.length,
    unclaimed: outcomes.length - scored.length,
    hits: scored.filter((outcome) => hitOf(outcome)).length,
    ...(scored.length > 0 && {
      share: share(scored),
      macro: entities.reduce((sum, value) => sum + value, 0) / entities.length,
    }),
  };
}
