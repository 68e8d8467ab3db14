import { loadConfig, usable } from '../../sidecar/config/load.js';
import type { Role } from '../../sidecar/kernel/evaluation.js';
import type { Verdict } from '../../sidecar/kernel/verdict.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import { loadPolicy } from '../../sidecar/wiring/load-policy.js';

/** A place that a rule found, UTF-8 byte offsets. */
export interface Place {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
}

/** What the engine says of one text; rules are `pack/ID`, without those whose action is `allow`. */
export interface Judged {
  readonly rules: ReadonlySet<string>;
  readonly places: readonly Place[];
  /** Rules with a place that is the whole text but the blanks around it. */
  readonly whole: ReadonlySet<string>;
  readonly verdict: Verdict;
  /** The text was not judged, or not all of it. */
  readonly hasGap: boolean;
}

/** The policy that a sidecar with these packs would have. Rejects with JIMINI_PACK_INVALID and the like. */
export async function policyOfPacks(packs: readonly string[]): Promise<Policy> {
  const flags = new Map([
    ['packs', { name: '--packs', said: packs }],
    ['policy.requiredPacks', { name: '--packs', said: 'all' }],
    ['shadow', { name: '--packs', said: 'false' }],
  ]);
  const loaded = usable(await loadConfig({ env: {}, flags, directory: process.cwd() }));
  return (await loadPolicy(loaded)).snapshot.policy;
}

/** Judges a text as the one segment of a request without direction. */
export function judgeText(policy: Policy, text: string, role: Role = 'user'): Judged {
  const { matched, findings, raw, gaps } = policy.judge(
    { segments: [{ text, role, pointer: '' }], gaps: [] },
    { direction: '', endpoint: '' },
  );
  const rules = new Set(matched.filter(({ action }) => action !== 'allow').map(({ pack, id }) => `${pack}/${id}`));
  const places = findings
    .map(({ pack, ruleId, start, end }) => ({ rule: `${pack}/${ruleId}`, start, end }))
    .filter(({ rule }) => rules.has(rule));
  const from = Buffer.byteLength(text) - Buffer.byteLength(text.trimStart());
  const to = from + Buffer.byteLength(text.trim());
  const whole = places.filter(({ start, end }) => start === from && end === to).map(({ rule }) => rule);
  return { rules, places, whole: new Set(whole), verdict: raw, hasGap: gaps.length > 0 };
}
