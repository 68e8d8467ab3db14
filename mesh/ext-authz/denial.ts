import type { Decision, Outage } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';

/** Why a request is denied: a verdict, an outage, want of room, or a fault of our own. */
export type DenialReason = 'blocked' | Outage | 'overloaded' | 'internal';

/** `error.type` and `error.code` that the client sees. */
const KINDS: {
  readonly [reason in DenialReason]: { readonly type: string; readonly code: string; readonly text: string };
} = {
  blocked: { type: 'policy_violation', code: 'jimini_blocked', text: 'Blocked by policy.' },
  store_unavailable: {
    type: 'policy_unavailable',
    code: 'jimini_store_unavailable',
    text: 'Denied: the decision could not be recorded.',
  },
  overloaded: {
    type: 'policy_unavailable',
    code: 'jimini_overloaded',
    text: 'Denied: the policy service is overloaded.',
  },
  internal: { type: 'policy_unavailable', code: 'jimini_internal', text: 'Denied: the policy service failed.' },
};

/** What a denied client is told, without a word of what it sent. */
export interface Denial {
  readonly code: string;
  /** For people. One line: rule titles, gap kinds and the decision id. */
  readonly message: string;
  /** The JSON body, in the shape of OpenAI's errors: SDKs raise it as an ordinary API error with our message. */
  readonly body: string;
}

/** Builds the denial for a decision, or for a fault that left none. */
export function denialOf(reason: DenialReason, decision?: Pick<Decision, 'decisionId' | 'message'>): Denial {
  const { type, code, text } = KINDS[reason];
  const parts = [decision?.message ? decision.message.slice(0, LIMITS.denialMessageCharsMax) : text];
  if (decision?.decisionId) parts.push(`Decision ${decision.decisionId}.`);
  const message = parts.join(' ');
  return { code, message, body: JSON.stringify({ error: { message, type, param: null, code } }) };
}
