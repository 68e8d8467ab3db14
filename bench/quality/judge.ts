import { loadConfig } from '../../sidecar/config/load.js';
import { configError } from '../../sidecar/config/problem.js';
import type { Judgement, Role } from '../../sidecar/kernel/evaluation.js';
import type { Verdict } from '../../sidecar/kernel/verdict.js';
import type { Policy } from '../../sidecar/policy/policy.js';
import { loadPolicy } from '../../sidecar/wiring/load-policy.js';

/** What the engine says of one text; rules are `pack/ID`, without those whose action is `allow`. */
export interface Judged {
  readonly rules: ReadonlySet<string>;
  /** Those of them with a finding that spans the whole text but the blanks around it. */
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
  const { config, problems } = await loadConfig({ env: {}, flags, directory: process.cwd() });
  if (!config) throw configError(problems);
  return (await loadPolicy(config)).snapshot.policy;
}

/** Judges a text as the one segment of a request without direction. */
export function judgeText(policy: Policy, text: string, role: Role = 'user'): Judged {
  const judgement = policy.judge(
    { segments: [{ text, role, pointer: '' }], gaps: [] },
    { direction: '', endpoint: '' },
  );
  const rules = new Set(
    judgement.matched.filter(({ action }) => action !== 'allow').map(({ pack, id }) => `${pack}/${id}`),
  );
  const whole = wholeFindings(judgement, text).filter((rule) => rules.has(rule));
  return { rules, whole: new Set(whole), verdict: judgement.raw, hasGap: judgement.gaps.length > 0 };
}

function wholeFindings({ findings }: Judgement, text: string): string[] {
  if (findings.length === 0) return [];
  const start = Buffer.byteLength(text) - Buffer.byteLength(text.trimStart());
  const end = start + Buffer.byteLength(text.trim());
  return findings
    .filter((finding) => finding.start === start && finding.end === end)
    .map(({ pack, ruleId }) => `${pack}/${ruleId}`);
}
