import type { Judgement, Segment } from '../../sidecar/kernel/evaluation.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import type { LoadOptions, Pack } from '../../sidecar/policy/pack.js';
import { createPolicy, type Policy } from '../../sidecar/policy/policy.js';
import type { Scope } from '../../sidecar/policy/scope.js';
import type { VerdictSettings } from '../../sidecar/policy/verdict.js';

const SETTINGS: VerdictSettings = { shadow: false, onError: 'deny', gapActions: {} };

/** Rules in YAML, without the header that every full pack has. */
export function packOf(rules: string, options: LoadOptions & { name?: string } = {}): Pack {
  const { name = 'test', ...rest } = options;
  const text = `name: ${name}\nversion: "1"\nrules:\n${rules}`;
  return loaded({ name, file: `${name}.yaml`, text }, rest);
}

/** A file of the older format. */
export function ancestorPackOf(text: string, options: LoadOptions & { name?: string } = {}): Pack {
  const { name = 'old', ...rest } = options;
  return loaded({ name, file: `${name}.yaml`, text }, rest);
}

function loaded(source: Parameters<typeof loadPack>[0], options: LoadOptions): Pack {
  const { pack, problems } = loadPack(source, options);
  if (!pack) throw new Error(`the test's pack is wrong: ${JSON.stringify(problems)}`);
  return pack;
}

/** One rule as a YAML line, from the keys that a test is about. */
export function rule(keys: Record<string, unknown>): string {
  return `  - ${JSON.stringify({ title: `title of ${keys['id']}`, severity: 'high', action: 'block', ...keys })}\n`;
}

export function policyOf(packs: Pack | readonly Pack[], settings: Partial<VerdictSettings> = {}): Policy {
  return createPolicy('rules' in packs ? [packs] : packs, { ...SETTINGS, ...settings });
}

export function segment(text: string, more: Partial<Segment> = {}): Segment {
  return { text, role: 'user', pointer: '', ...more };
}

/** Judges texts, given as segments or plain strings. */
export function judge(
  policy: Policy,
  texts: string | readonly (string | Segment)[],
  scope: Partial<Scope> = {},
): Judgement {
  const list = typeof texts === 'string' ? [texts] : texts;
  const segments = list.map((text) => (typeof text === 'string' ? segment(text) : text));
  return policy.judge({ segments, gaps: [] }, { direction: '', endpoint: '', ...scope });
}

/** The ids of the rules that matched, in order. */
export function idsOf(judgement: Judgement): string[] {
  return judgement.matched.map(({ id }) => id);
}
