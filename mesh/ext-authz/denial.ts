import { assertNever } from '../../sidecar/kernel/assert-never.js';
import type { Decision, Outage } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { ErrorShape } from './error-shape.js';

/** Why a request is denied: a verdict, an outage, want of room, or a fault of our own. */
export type DenialReason = 'blocked' | Outage | 'overloaded' | 'internal';

/** Type and code in errors of OpenAI's shape, and what is said when there is no decision to explain. */
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
  /** Why, for the gRPC status of the check. */
  readonly code: string;
  /** The body of the answer: an error of the API that the client speaks. Its sentence names rules, gaps and decision. */
  readonly body: string;
  /** Media type of `body`. */
  readonly contentType: string;
}

/** Builds the denial for a decision, or for a fault that left none. */
export function denialOf(
  reason: DenialReason,
  shape: ErrorShape,
  decision?: Pick<Decision, 'decisionId' | 'message'>,
): Denial {
  const { code, text } = KINDS[reason];
  const parts = [decision?.message ? decision.message.slice(0, LIMITS.denialMessageCharsMax) : text];
  if (decision?.decisionId) parts.push(`Decision ${decision.decisionId}.`);
  const message = parts.join(' ');
  if (shape === 'grpc') return { code, body: message, contentType: 'text/plain' };
  return { code, body: JSON.stringify(errorOf(reason, shape, message)), contentType: 'application/json' };
}

/** The error of a 403 as each API documents it. */
function errorOf(reason: DenialReason, shape: Exclude<ErrorShape, 'grpc'>, message: string): object {
  const { type, code } = KINDS[reason];
  switch (shape) {
    // platform.openai.com/docs/guides/error-codes
    case 'openai':
      return { error: { message, type, param: null, code } };
    // docs.anthropic.com/en/api/errors
    case 'anthropic':
      return { type: 'error', error: { type: 'permission_error', message } };
    // google.aip.dev/193; `reason` is in upper snake case
    case 'google':
      return { error: { code: 403, message, status: 'PERMISSION_DENIED', details: [errorInfo(code)] } };
    // smithy.io, "AWS restJson1 protocol": the type of the error is in `__type`; a member `code` would take its place
    case 'bedrock':
      return { __type: 'AccessDeniedException', message };
    // github.com/ollama/ollama/blob/main/docs/api.md
    case 'ollama':
      return { error: message };
    default:
      return assertNever(shape);
  }
}

function errorInfo(code: string): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code.toUpperCase(), domain: 'jimini' };
}
