import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '../../proto/gen/envoy/config/core/v3/base.js';
import { CheckResponse } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import { assertNever } from '../../sidecar/kernel/assert-never.js';
import { type Decision, ruleIdsOf } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type Denial, denialOf } from './denial.js';
import { DECISION_ID_HEADER, VERDICT_HEADER } from './header-names.js';
import { type Caller, UNKNOWN_CALLER } from './read-check.js';

/** google.rpc.Code: only this number decides, whatever else the answer says. */
const OK = 0;
const PERMISSION_DENIED = 7;
/** google.protobuf.Struct values are doubles; three decimals of a millisecond are all that the clock is good for. */
const MICROSECONDS = 1000;

/**
 * The bytes of the CheckResponse for a decision. Pure.
 *
 * Every denial is a 403, outages included: client SDKs raise it at once and do not send the request again (they do for
 * 408, 409, 429 and 5xx), and routers do not fall back to another upstream. `error.code` says which denial it is.
 */
export function writeCheck(decision: Decision, caller: Caller): Uint8Array {
  return encode(isAllowed(decision) ? allowed(decision, caller) : denied(decision, caller));
}

/** The answer to a check that was not judged, because too many are in flight. Without a caller nobody has even read it. */
export function overloadedCheckResponse(caller: Caller = UNKNOWN_CALLER): Uint8Array {
  return encode(deniedWithout('overloaded', caller));
}

/** The answer when our own code failed, which is never a gRPC error: that would be Envoy's to decide, and may be open. */
export function failedCheckResponse(caller: Caller): Uint8Array {
  return encode(deniedWithout('internal', caller));
}

function encode(response: CheckResponse): Uint8Array {
  return CheckResponse.encode(response).finish();
}

function isAllowed({ effective }: Decision): boolean {
  switch (effective) {
    case 'ALLOW':
    case 'FLAG':
      return true;
    // ext_authz cannot change a body, so that what should be masked must not pass.
    case 'MASK':
    case 'BLOCK':
      return false;
    default:
      return assertNever(effective);
  }
}

function allowed(decision: Decision, caller: Caller): CheckResponse {
  const headers = jiminiHeaders(decision);
  const written = new Set(headers.map((option) => option.header?.key));
  // A header that we do not write is removed even if the check did not show it: the proxy may hide headers from us.
  const removed = [...new Set([...caller.forgedHeaders, DECISION_ID_HEADER])].filter((name) => !written.has(name));
  return {
    status: { code: OK, message: '', details: [] },
    httpResponse: {
      $case: 'okResponse',
      value: {
        headers,
        headersToRemove: removed,
        dynamicMetadata: undefined,
        responseHeadersToAdd: [],
        queryParametersToSet: [],
        queryParametersToRemove: [],
      },
    },
    dynamicMetadata: metadataOf(decision),
  };
}

function denied(decision: Decision, caller: Caller): CheckResponse {
  const denial = denialOf(decision.outage ?? 'blocked', caller.errorShape, decision);
  return deniedResponse(denial, { headers: jiminiHeaders(decision), metadata: metadataOf(decision) });
}

function deniedWithout(reason: 'overloaded' | 'internal', caller: Caller): CheckResponse {
  const headers = [overwrite(VERDICT_HEADER, 'BLOCK')];
  return deniedResponse(denialOf(reason, caller.errorShape), {
    headers,
    metadata: { verdict: 'BLOCK', outage: reason },
  });
}

function deniedResponse(
  denial: Denial,
  { headers, metadata }: { headers: HeaderValueOption[]; metadata: { [key: string]: unknown } },
): CheckResponse {
  return {
    status: { code: PERMISSION_DENIED, message: denial.code, details: [] },
    httpResponse: {
      $case: 'deniedResponse',
      value: {
        status: { code: 403 },
        headers: [...headers, overwrite('content-type', denial.contentType)],
        body: denial.body,
      },
    },
    dynamicMetadata: metadata,
  };
}

function jiminiHeaders(decision: Decision): HeaderValueOption[] {
  const verdict = overwrite(VERDICT_HEADER, decision.effective);
  return decision.decisionId === '' ? [verdict] : [overwrite(DECISION_ID_HEADER, decision.decisionId), verdict];
}

/** The default would append to what the client sent. */
function overwrite(key: string, value: string): HeaderValueOption {
  return {
    header: { key, value, rawValue: NOTHING },
    append: undefined,
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  };
}

const NOTHING = Buffer.alloc(0);

/** What the filters and access logs behind us may know, in the namespace of the ext_authz filter. Never any text. */
function metadataOf(decision: Decision): { [key: string]: unknown } {
  return {
    decision_id: decision.decisionId,
    verdict: decision.effective,
    rule_ids: ruleIdsOf(decision.matched).slice(0, LIMITS.leafRuleIdsMax),
    policy_revision: decision.policyRevision,
    coverage_gaps: decision.gaps.slice(0, LIMITS.leafGapsMax).map((gap) => gap.kind),
    duration_ms: Math.round(decision.durationMs * MICROSECONDS) / MICROSECONDS,
    ...(decision.outage && { outage: decision.outage }),
  };
}
