import type { Rule } from './pack.js';

/** The general rule that the older format's engine drops when a specific one has matched. */
const GENERAL = 'API-1.0';
const SPECIFIC: ReadonlySet<string> = new Set([
  'GITHUB-TOKEN-1.0',
  'AWS-ACCESS-KEY-1.0',
  'AWS-SECRET-KEY-1.0',
  'OPENAI-KEY-1.0',
  'SLACK-BOT-1.0',
  'GOOGLE-API-KEY-1.0',
  'STRIPE-KEY-1.0',
  'JWT-1.0',
]);

/** Adds what the older engine had built in, to rules of a file that declares no suppression of its own. */
export function withDefaultSuppression(rules: readonly Rule[]): readonly Rule[] {
  if (rules.some(({ suppresses }) => suppresses.length > 0)) return rules;
  if (!rules.some(({ id }) => id === GENERAL)) return rules;
  return rules.map((rule) =>
    SPECIFIC.has(rule.id) ? { ...rule, suppresses: [{ id: GENERAL, place: rule.place, where: 'anywhere' }] } : rule,
  );
}
