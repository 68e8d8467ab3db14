import { assertNever } from '../../sidecar/kernel/assert-never.js';
import type { Decision, Outage } from '../../sidecar/kernel/evaluation.js';
import { percentEncoded } from '../../sidecar/kernel/grpc-message.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type ErrorShape, grpcTypeOf } from './error-shape.js';
import type { Header } from './header-names.js';
import { type RpcCall, readRpcCall } from './json-rpc.js';

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

/** What a denied client is told, without a word of what it sent but the ids by which it knows its own calls. */
export interface Denial {
  /** Why, for the gRPC status of the check. */
  readonly code: string;
  readonly httpStatus: number;
  /** Beside our own. */
  readonly headers: readonly Header[];
  /** An error of the API that the client speaks. Its sentence names rules, gaps and decision. */
  readonly body: string;
}

/** What of a caller the form of its denial depends on. */
export interface DeniedCaller {
  readonly errorShape: ErrorShape;
  /** Of the request, as it came. */
  readonly contentType: string;
  /** Of the request, as it came. */
  readonly body: Uint8Array;
  /** Whether it may know the titles of rules and the kinds of gaps. */
  readonly mayKnowReasons: boolean;
}

type Told = Pick<Decision, 'decisionId' | 'message'>;

/**
 * Builds the denial for a decision, or for a fault that left none. It is a 403, outages included: SDKs raise that at once and
 * do not send the request again (they do for 408, 409, 429 and 5xx), and routers do not fall back to another upstream.
 * Only where the protocol has answers of its own inside of HTTP, as gRPC and JSON-RPC do, it is one of those.
 */
export function denialOf(reason: DenialReason, caller: DeniedCaller, decision?: Told): Denial {
  const { code } = KINDS[reason];
  const message = messageOf(reason, caller, decision);
  const grpcType = grpcTypeOf(caller.contentType);
  if (grpcType !== undefined) return { code, ...grpcDenial(grpcType, message) };
  const rpc = ['openai', 'mcp'].includes(caller.errorShape) ? readRpcCall(caller.body) : undefined;
  if (rpc || caller.errorShape === 'mcp') {
    return { code, ...rpcDenial(rpc, { code: RPC_CODE, message, data: rpcData(code, decision) }) };
  }
  const headers: Header[] = [JSON_TYPE];
  // smithy.io, "AWS restJson1 protocol": what the error is stands in this header.
  if (caller.errorShape === 'bedrock') headers.push(['x-amzn-errortype', 'AccessDeniedException']);
  return { code, httpStatus: 403, headers, body: JSON.stringify(errorOf(reason, caller.errorShape, message)) };
}

const JSON_TYPE: Header = ['content-type', 'application/json'];

function messageOf(reason: DenialReason, { mayKnowReasons }: DeniedCaller, decision?: Told): string {
  const reasons = mayKnowReasons ? decision?.message : undefined;
  const parts = [reasons ? reasons.slice(0, LIMITS.denialMessageCharsMax) : KINDS[reason].text];
  if (decision?.decisionId) parts.push(`Decision ${decision.decisionId}.`);
  return parts.join(' ');
}

/** The error of a 403 as each API documents it. */
function errorOf(reason: DenialReason, shape: Exclude<ErrorShape, 'mcp'>, message: string): object {
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
    // docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
    case 'bedrock':
    // docs.cohere.com/reference/errors
    case 'cohere':
      return { message };
    // github.com/ollama/ollama/blob/main/docs/api.md
    case 'ollama':
      return { error: message };
    // github.com/huggingface/text-generation-inference, docs/openapi.json: ErrorResponse
    case 'tgi':
      return { error: message, error_type: code };
    default:
      return assertNever(shape);
  }
}

function errorInfo(code: string): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code.toUpperCase(), domain: 'jimini' };
}

/**
 * An answer of trailers only (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md): HTTP says 200, the status stands in the
 * headers, and there is no body. gRPC-Web has the same form.
 */
function grpcDenial(contentType: string, message: string): Omit<Denial, 'code'> {
  const headers: Header[] = [
    ['content-type', contentType],
    ['grpc-status', '7'],
    ['grpc-message', percentEncoded(message)],
  ];
  return { httpStatus: 200, headers, body: '' };
}

/** JSON-RPC keeps -32768 to -32000 for itself, and MCP wants the codes of others outside of that. */
const RPC_CODE = 403;

function rpcData(reason: string, decision: Told | undefined): object {
  return decision?.decisionId ? { reason, decision_id: decision.decisionId } : { reason };
}

/**
 * MCP (modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http): a request is answered by a JSON
 * object with its id, which is an answer like any other, 200 to HTTP: SDKs raise the error of the one call and keep
 * the connection. What cannot be answered (a notification) is refused by HTTP's own status, with an error without an id.
 */
function rpcDenial(call: RpcCall | undefined, error: object): Omit<Denial, 'code'> {
  const errorText = JSON.stringify(error);
  const headers = [JSON_TYPE];
  const answers = (call?.ids ?? []).map((id) => `{"jsonrpc":"2.0","id":${id},"error":${errorText}}`);
  if (answers.length === 0) return { httpStatus: 403, headers, body: `{"jsonrpc":"2.0","error":${errorText}}` };
  const list = answers.join(',');
  return { httpStatus: 200, headers, body: call?.isBatch ? `[${list}]` : list };
}
