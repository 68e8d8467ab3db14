import { loadConfig, usable } from '../sidecar/config/load.js';
import { splitBoundaries } from '../sidecar/policy/boundary.js';
import { loadPack } from '../sidecar/policy/load-pack.js';
import type { Pack } from '../sidecar/policy/pack.js';
import { createPolicy, type Policy } from '../sidecar/policy/policy.js';
import { parsePattern } from '../sidecar/policy/regex-parse.js';
import { printV8 } from '../sidecar/policy/regex-print.js';
import { loadPolicy } from '../sidecar/wiring/load-policy.js';
import { generatedPack } from './generated-pack.js';
import { interleaved } from './interleaved.js';
import { type ScanParts, scanParts } from './scan-parts.js';
import { createRuleCosts, type RuleCost } from './scan-rules.js';
import { median } from './statistics.js';
import { ordinaryTexts } from './texts.js';

const TEXT_BYTES = 2048;
const RULE_COUNTS = [100, 1000] as const;

/** One kind of text: what judging it costs, and what its rules cost one by one. */
export interface TextCost {
  readonly text: string;
  readonly bytes: number;
  /** Rules that match; ordinary texts should have next to none. */
  readonly matched: number;
  /** CPU time of one judgement, microseconds. */
  readonly judgeMicros: number;
  /** CPU time of all patterns one after the other on V8, microseconds. */
  readonly oneByOneMicros: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}

/** What ten times as many rules cost. */
export interface GrowthCost {
  readonly text: string;
  readonly micros: Readonly<Record<string, number>>;
  readonly ratio: number;
}

export interface ScanResult {
  readonly rules: number;
  readonly texts: readonly TextCost[];
  readonly growth: readonly GrowthCost[];
  readonly parts: readonly ScanParts[];
  /** By text: what costs most among the rules tried on it. */
  readonly costliest: Readonly<Record<string, readonly RuleCost[]>>;
}

/**
 * CPU time of judging ordinary texts by all built-in packs, against their patterns run one by one by V8 over the same text
 * (no pre-filter, no validator, no context), and of ten times as many generated rules. Rounds alternate.
 */
export async function measureScan(rounds: number): Promise<ScanResult> {
  const packs = await builtInPacks();
  const policy = policyOf(packs);
  const texts = [...ordinaryTexts(TEXT_BYTES)];
  const expressions = packs.flatMap(expressionsOf);
  const costliestOf = createRuleCosts(packs);
  return {
    rules: expressions.length,
    texts: texts.map(([name, text]) => textCost(name, text, { policy, expressions, rounds })),
    growth: growthCosts(texts, rounds),
    parts: texts.map(([name, text]) => scanParts(name, text, { packs, policy, rounds })),
    costliest: Object.fromEntries(texts.map(([name, text]) => [name, costliestOf(text)])),
  };
}

async function builtInPacks(): Promise<readonly Pack[]> {
  const flags = new Map([['packs', { name: '--packs', said: ['all'] }]]);
  const loaded = usable(await loadConfig({ env: {}, flags, directory: process.cwd() }));
  return (await loadPolicy(loaded)).packFiles.flatMap(({ pack }) => pack ?? []);
}

function policyOf(packs: readonly Pack[]): Policy {
  return createPolicy(packs, { shadow: false, onError: 'deny', gapActions: {} });
}

/** The patterns as V8 runs them, whichever engine the sidecar would take. */
function expressionsOf({ format, rules }: Pack): RegExp[] {
  const dialect = format === 'ancestor' ? 'python' : 're2';
  return rules
    .filter(({ enabled }) => enabled)
    .flatMap(({ pattern }) => pattern?.source ?? [])
    .map((source) => new RegExp(printV8(splitBoundaries(parsePattern(source, dialect))), 'gu'));
}

function judged(policy: Policy, text: string) {
  return policy.judge({ segments: [{ text, role: 'user', pointer: '' }], gaps: [] }, { direction: '', endpoint: '' });
}

function searchAll(expressions: readonly RegExp[], text: string): void {
  for (const expression of expressions) {
    expression.lastIndex = 0;
    for (let found = expression.exec(text); found; found = expression.exec(text)) {
      if (found[0] === '') expression.lastIndex++;
    }
  }
}

function textCost(
  name: string,
  text: string,
  { policy, expressions, rounds }: { policy: Policy; expressions: readonly RegExp[]; rounds: number },
): TextCost {
  const [judge = [], oneByOne = []] = interleaved(rounds, [
    () => judged(policy, text),
    () => searchAll(expressions, text),
  ]);
  const ratios = judge.map((own, i) => (oneByOne[i] ?? Number.NaN) / own);
  return {
    text: name,
    bytes: Buffer.byteLength(text),
    matched: judged(policy, text).matched.length,
    judgeMicros: median(judge),
    oneByOneMicros: median(oneByOne),
    ratio: median(ratios),
    ratios,
  };
}

function growthCosts(texts: readonly (readonly [string, string])[], rounds: number): GrowthCost[] {
  const policies = RULE_COUNTS.map((rules) => policyOf([generated(rules)]));
  return texts.map(([name, text]) => {
    const costs = interleaved(
      rounds,
      policies.map((policy) => () => judged(policy, text)),
    );
    const [few = [], many = []] = costs;
    const micros = Object.fromEntries(RULE_COUNTS.map((rules, i) => [rules, median(costs[i] ?? [])]));
    return { text: name, micros, ratio: median(many.map((cost, i) => cost / (few[i] ?? Number.NaN))) };
  });
}

/** Rules as a user would write them: on RE2, where one is tried at all. */
function generated(rules: number): Pack {
  const text = generatedPack({ name: 'generated', rules, seed: 1 });
  const { pack, problems } = loadPack({ name: 'generated', file: 'generated.yaml', text });
  if (!pack) throw new Error(`the generated pack is wrong: ${problems[0]?.message}`);
  return pack;
}
