import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Finding, Judgement, MatchedRule } from '../kernel/evaluation.js';
import { GAP_KINDS, type GapAction, type GapKind } from '../kernel/gap.js';
import { printableJson } from '../kernel/printable.js';

/** What a judgement is about. */
export interface SarifSource {
  readonly version: string;
  /** File that was judged, as named; absent for standard input and for text of the command line. */
  readonly file?: string;
  /** The file is the text itself, so that offsets in the text are offsets in the file. */
  readonly isText: boolean;
  /** What each gap counts for. */
  readonly gapActions: ReadonlyMap<GapKind, GapAction>;
}

/**
 * A judgement as SARIF 2.1.0 (OASIS Standard, sections 3.13 to 3.31): one result for every rule that blocks, masks or
 * flags, and for every gap that does. Never the text that was judged.
 */
export function judgementSarif(judgement: Judgement, source: SarifSource): string {
  const acting = judgement.matched.filter(({ effectiveAction }) => effectiveAction !== 'allow');
  const gaps = judgement.gaps.filter(({ kind }) => source.gapActions.get(kind) !== 'allow');
  const rules = [
    ...acting.map(({ id, pack, title }) => ({ id: `${pack}/${id}`, shortDescription: { text: title || id } })),
    ...gaps.map(({ kind }) => ({ id: `gap/${kind}`, shortDescription: { text: GAP_KINDS[kind].meaning } })),
  ];
  const results = [
    ...acting.map((rule, ruleIndex) => ruleResult(rule, ruleIndex, placesOf(rule, judgement, source))),
    ...gaps.map(({ kind }, index) => ({
      ruleId: `gap/${kind}`,
      ruleIndex: acting.length + index,
      level: source.gapActions.get(kind) === 'flag' ? 'warning' : 'error',
      message: { text: GAP_KINDS[kind].meaning },
      locations: source.file === undefined ? [] : [{ physicalLocation: artifact(source.file) }],
    })),
  ];
  return printableJson({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'jimini', version: source.version, rules } }, results }],
  });
}

function ruleResult(rule: MatchedRule, ruleIndex: number, locations: object[]): object {
  return {
    ruleId: `${rule.pack}/${rule.id}`,
    ruleIndex,
    level: rule.effectiveAction === 'flag' ? 'warning' : 'error',
    message: { text: rule.title || rule.id },
    locations,
    properties: { action: rule.effectiveAction, severity: rule.severity },
  };
}

function placesOf(rule: MatchedRule, { findings }: Judgement, source: SarifSource): object[] {
  return findings
    .filter(({ ruleId, pack }) => ruleId === rule.id && pack === rule.pack)
    .map((finding) => place(finding, source));
}

/** Where one finding stands. Offsets are in the segment's text, so they are given as a region only when that is the file. */
function place({ pointer, start, end, validator, score }: Finding, { file, isText }: SarifSource): object {
  const region = isText ? { region: { byteOffset: start, byteLength: end - start } } : {};
  return {
    ...(file === undefined ? {} : { physicalLocation: { ...artifact(file), ...region } }),
    logicalLocations: [{ fullyQualifiedName: pointer === '' ? 'text' : pointer }],
    properties: { start, end, validator, score },
  };
}

function artifact(file: string): { readonly artifactLocation: { readonly uri: string } } {
  const uri = isAbsolute(file) ? pathToFileURL(file).href : file.split('/').map(encodeURIComponent).join('/');
  return { artifactLocation: { uri } };
}
