import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Finding, Judgement, MatchedRule } from '../kernel/evaluation.js';
import { GAP_KINDS, type GapAction, type GapKind } from '../kernel/gap.js';
import { printableJson } from '../kernel/printable.js';
import type { Shown } from './reveal.js';
import { shownText } from './test-report.js';
import { placesIn } from './text-place.js';

/** What a judgement is about. */
export interface SarifSource {
  readonly version: string;
  /** File that was judged, as named; absent for standard input and for text of the command line. */
  readonly file?: string;
  /** The text that was judged, when offsets in it are offsets in the file. */
  readonly text?: string;
  /** What each gap counts for. */
  readonly gapActions: ReadonlyMap<GapKind, GapAction>;
  /** What of the text may be shown. */
  readonly shown: Shown;
}

/**
 * A judgement as SARIF 2.1.0 (OASIS Standard, sections 3.13 to 3.31): one result for every rule that blocks, masks or
 * flags, and for every gap that does.
 */
export function judgementSarif(judgement: Judgement, source: SarifSource): string {
  const acting = judgement.matched.filter(({ effectiveAction }) => effectiveAction !== 'allow');
  const gaps = judgement.gaps.filter(({ kind }) => source.gapActions.get(kind) !== 'allow');
  const place = placing(source);
  const said = [
    ...acting.map((rule) => ofRule(rule, placesOf(rule, judgement), { source, place })),
    ...gaps.map(({ kind }) => ofGap(kind, source)),
  ];
  const rules = said.map(({ ruleId: id, title }) => ({ id, shortDescription: { text: title } }));
  const results = said.map(({ title, places, properties, ...result }, ruleIndex) => ({
    ...result,
    ruleIndex,
    message: { text: title },
    partialFingerprints: { 'placeHash/v1': fingerprint(result.ruleId, places, source) },
    ...(properties && { properties }),
  }));
  const driver = { name: 'jimini', version: source.version, rules };
  return printableJson({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  });
}

/** One result with its rule: each rule has one result, so that their places in the two lists are the same. */
interface Said {
  readonly ruleId: string;
  readonly title: string;
  readonly level: 'error' | 'warning';
  /** All places of one result, because it goes away only when every one of them is changed (3.27.12). */
  readonly locations: readonly object[];
  readonly places: readonly string[];
  readonly properties?: object;
}

interface Place {
  readonly pointer: string;
  readonly location: object;
}

function ofRule(
  rule: MatchedRule,
  found: readonly Finding[],
  { source, place }: { source: SarifSource; place: (finding: Finding) => Place },
): Said {
  const { id, pack, title, severity, effectiveAction } = rule;
  const places = found.map(place);
  const packDigest = found[0]?.packDigest;
  return {
    ruleId: `${pack}/${id}`,
    title: title || id,
    level: effectiveAction === 'flag' ? 'warning' : 'error',
    // A rule that matched by length or count alone has no place within the content.
    locations: places.length > 0 ? places.map(({ location }) => location) : wholeFile(source),
    places: places.map(({ pointer }) => pointer),
    properties: { action: effectiveAction, severity, ...(packDigest !== undefined && { packDigest }) },
  };
}

function ofGap(kind: GapKind, source: SarifSource): Said {
  return {
    ruleId: `gap/${kind}`,
    title: GAP_KINDS[kind].meaning,
    level: source.gapActions.get(kind) === 'flag' ? 'warning' : 'error',
    locations: wholeFile(source),
    places: [],
  };
}

function placesOf(rule: MatchedRule, { findings }: Judgement): Finding[] {
  return findings.filter(({ ruleId, pack }) => ruleId === rule.id && pack === rule.pack);
}

/** Where findings stand. Offsets are in the segment's text, so they are given as a region only when that is the file. */
function placing({ file, text, shown }: SarifSource): (finding: Finding) => Place {
  const at = file === undefined || text === undefined ? undefined : placesIn(text);
  return (finding) => {
    const { pointer, start, end, validator, score } = finding;
    const region = at && { region: regionOf(at(start), at(end), { byteOffset: start, byteLength: end - start }) };
    const location = {
      ...(file === undefined ? {} : { physicalLocation: { ...artifact(file), ...region } }),
      logicalLocations: [{ fullyQualifiedName: pointer === '' ? 'text' : pointer }],
      properties: { start, end, validator, score, ...shownText(finding, shown) },
    };
    return { pointer, location };
  };
}

type At = ReturnType<ReturnType<typeof placesIn>>;

function regionOf(from: At, to: At, bytes: object): object {
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column, ...bytes };
}

function wholeFile({ file }: SarifSource): readonly object[] {
  return file === undefined ? [] : [{ physicalLocation: artifact(file) }];
}

/**
 * The same for the same rule in the same places of the same file, wherever in them it matched, so that a run can be
 * compared with the one before it (3.27.17). Never of the text: short secrets could be guessed from their hash.
 */
function fingerprint(ruleId: string, places: readonly string[], { file = '' }: SarifSource): string {
  const identity = JSON.stringify([ruleId, file, ...new Set(places)]);
  return createHash('sha256').update(identity).digest('hex');
}

function artifact(file: string): { readonly artifactLocation: { readonly uri: string } } {
  const uri = isAbsolute(file) ? pathToFileURL(file).href : file.split('/').map(encodeURIComponent).join('/');
  return { artifactLocation: { uri } };
}
