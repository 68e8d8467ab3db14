import { printable } from '../../sidecar/kernel/printable.js';
import type { Figure, Figures, Group, Report } from './figures.js';
import type { Outcome } from './score.js';

/** How much of a text is shown, characters. */
const SHOWN_CHARS = 160;

const COLUMNS: readonly (readonly [key: keyof Figures, title: string])[] = [
  ['match', 'match'],
  ['matchByEntity', 'by entity'],
  ['categoryNegatives', 'negative'],
  ['entityNegatives', 'near-miss'],
  ['wholeMatch', 'whole match'],
  ['wholeNegatives', 'whole negative'],
  ['spans', 'places right'],
  ['counts', 'count right'],
];

/** The report for people. `entities` are the groups of the last table, which may be coarser than the report's own. */
export function tableOf(report: Report, entities: readonly Group[]): string {
  const { benign, texts } = report;
  const packs = Object.entries(benign.packs).map(([pack, share]) => `${pack} ${percent(share)}`);
  return [
    'Each cell: share of n texts, (mean over entities where it differs), -texts of entities that no rule claims.',
    'match, by entity and whole match are recall; negative, near-miss and whole negative are the share wrongly hit.',
    table('by category', ['category'], report.categories),
    table('by file', ['file', 'category'], report.files),
    table('prompt injection by source', ['source', 'role'], report.injection),
    `ordinary texts: ${benign.n}, flagged ${benign.flagged}, BLOCKED ${benign.blocked}; by pack: ${packs.join(', ') || 'none'}\n`,
    table('by entity', ['category', 'entity'], entities),
    `texts: ${texts.judged} judged, ${texts.withGaps} of them not wholly\n`,
  ].join('\n');
}

function table(title: string, keys: readonly string[], rows: readonly Group[]): string {
  if (rows.length === 0) return '';
  const isUsed = (key: keyof Figures, { n, unclaimed }: Figure) => n > 0 || (unclaimed > 0 && key !== 'matchByEntity');
  const columns = COLUMNS.filter(([key]) => rows.some(({ figures }) => isUsed(key, figures[key])));
  const cells = rows.map((row) => [
    ...keys.map((key) => printable(row[key] as string, 40)),
    ...columns.map(([key]) => cell(row.figures[key])),
  ]);
  const lines = [[...keys, ...columns.map(([, name]) => name)], ...cells];
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((part, i) => part.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${title}\n${text.map((line) => `  ${line}`).join('\n')}\n`;
}

function cell({ n, unclaimed, share, macro }: Figure): string {
  const mean = macro === undefined || percent(macro) === percent(share ?? 0) ? '' : ` (${percent(macro)})`;
  const scored = share === undefined ? '' : `${percent(share)} of ${n}${mean}`;
  return [scored, unclaimed > 0 ? `-${unclaimed}` : ''].filter((part) => part !== '').join(' ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Up to `limit` missed matches and as many wrongly hit negatives of every entity, one a line. */
export function missesOf(outcomes: readonly Outcome[], limit: number): string {
  const wrong = outcomes.filter(({ kind, hit }) => hit === !kind.endsWith('match'));
  const byEntity = Map.groupBy(wrong, ({ category, case: { entity }, kind }) =>
    JSON.stringify([category, entity, kind.endsWith('match')]),
  );
  return [...byEntity.values()]
    .flatMap((of) => of.slice(0, limit))
    .map(lineOf)
    .join('');
}

function lineOf({ kind, category, judged, case: { source, entity, text } }: Outcome): string {
  const said = kind.endsWith('match') ? `missed ${kind}` : `hit ${kind}`;
  const rules = [...judged.rules].join(' ') || 'no rule';
  return `${said}  ${category} ${printable(entity)}  ${printable(source)}  [${rules}]\n    ${printable(text, SHOWN_CHARS)}\n`;
}
