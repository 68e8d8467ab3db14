import { assertNever } from '../../sidecar/kernel/assert-never.js';
import { type Decision, ruleIdsOf } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { ProtobufWriter } from '../protobuf-writer.js';
import { type Denial, denialOf } from './denial.js';
import { DECISION_ID_HEADER, type Header, VERDICT_HEADER } from './header-names.js';
import { type Caller, UNKNOWN_CALLER } from './read-check.js';

/** google.rpc.Code: only this number decides, whatever else the answer says. */
const PERMISSION_DENIED = 7;
/** google.protobuf.Struct values are doubles; three decimals of a millisecond are all that the clock is good for. */
const MICROSECONDS = 1000;

// Numbers of fields, of envoy/service/auth/v3/external_auth.proto and what it imports.
const RESPONSE = { status: 1, denied: 2, ok: 3, metadata: 4 } as const;
const STATUS = { code: 1, message: 2 } as const;
const OK_RESPONSE = { headers: 2, headersToRemove: 5 } as const;
const DENIED_RESPONSE = { status: 1, headers: 2, body: 3 } as const;
const HTTP_STATUS = { code: 1 } as const;
const HEADER_OPTION = { header: 1, appendAction: 3 } as const;
const HEADER = { key: 1, value: 2 } as const;
/** The default would append to what the client sent. */
const OVERWRITE_IF_EXISTS_OR_ADD = 2;
// google/protobuf/struct.proto
const STRUCT = { fields: 1 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE = { number: 2, string: 3, list: 6 } as const;
const LIST = { values: 1 } as const;

/** One for all answers: each is written without a pause. */
const writer = new ProtobufWriter();

/** The bytes of the CheckResponse for a decision. Pure. */
export function writeCheck(decision: Decision, caller: Caller): Uint8Array {
  writer.clear();
  if (isAllowed(decision)) writeAllowed(decision, caller);
  else writeDenied(denialOf(decision.outage ?? 'blocked', caller, decision), jiminiHeaders(decision));
  writeMetadata(metadataOf(decision));
  return writer.finish();
}

/** The answer to a check that was not judged, because too many are in flight. Without a caller nobody has even read it. */
export function overloadedCheckResponse(caller: Caller = UNKNOWN_CALLER): Uint8Array {
  return deniedWithout('overloaded', caller);
}

/** The answer when our own code failed, which is never a gRPC error: that would be Envoy's to decide, and may be open. */
export function failedCheckResponse(caller: Caller): Uint8Array {
  return deniedWithout('internal', caller);
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

/** Status 0 is the default and is not written. */
function writeAllowed(decision: Decision, caller: Caller): void {
  writer.end(writer.begin(RESPONSE.status));
  const ok = writer.begin(RESPONSE.ok);
  const headers = jiminiHeaders(decision);
  for (const [key, value] of headers) writeHeader(OK_RESPONSE.headers, key, value);
  // A header that we do not write is removed even if the check did not show it: the proxy may hide headers from us.
  const { forgedHeaders: forged } = caller;
  const unwanted = forged.includes(DECISION_ID_HEADER) ? forged : [...forged, DECISION_ID_HEADER];
  for (const name of unwanted) {
    if (!headers.some(([written]) => written === name)) writer.string(OK_RESPONSE.headersToRemove, name);
  }
  writer.end(ok);
}

function deniedWithout(reason: 'overloaded' | 'internal', caller: Caller): Uint8Array {
  writer.clear();
  writeDenied(denialOf(reason, caller), [[VERDICT_HEADER, 'BLOCK']]);
  writeMetadata({ verdict: 'BLOCK', outage: reason });
  return writer.finish();
}

function writeDenied(denial: Denial, headers: readonly Header[]): void {
  const status = writer.begin(RESPONSE.status);
  writer.uint32(STATUS.code, PERMISSION_DENIED);
  writer.string(STATUS.message, denial.code);
  writer.end(status);
  const denied = writer.begin(RESPONSE.denied);
  const httpStatus = writer.begin(DENIED_RESPONSE.status);
  writer.uint32(HTTP_STATUS.code, denial.httpStatus);
  writer.end(httpStatus);
  for (const [key, value] of [...headers, ...denial.headers]) writeHeader(DENIED_RESPONSE.headers, key, value);
  writer.string(DENIED_RESPONSE.body, denial.body);
  writer.end(denied);
}

function jiminiHeaders({ decisionId, effective }: Decision): Header[] {
  const verdict: Header = [VERDICT_HEADER, effective];
  return decisionId === '' ? [verdict] : [[DECISION_ID_HEADER, decisionId], verdict];
}

function writeHeader(field: number, key: string, value: string): void {
  const option = writer.begin(field);
  const header = writer.begin(HEADER_OPTION.header);
  writer.string(HEADER.key, key);
  writer.string(HEADER.value, value);
  writer.end(header);
  writer.uint32(HEADER_OPTION.appendAction, OVERWRITE_IF_EXISTS_OR_ADD);
  writer.end(option);
}

type MetadataValue = string | number | readonly string[];

function writeMetadata(metadata: { readonly [key: string]: MetadataValue }): void {
  const struct = writer.begin(RESPONSE.metadata);
  for (const key of Object.keys(metadata)) {
    const entry = writer.begin(STRUCT.fields);
    writer.string(ENTRY.key, key);
    writeValue(ENTRY.value, metadata[key] as MetadataValue);
    writer.end(entry);
  }
  writer.end(struct);
}

function writeValue(field: number, value: MetadataValue): void {
  const start = writer.begin(field);
  if (typeof value === 'string') writer.string(VALUE.string, value);
  else if (typeof value === 'number') writer.double(VALUE.number, value);
  else {
    const list = writer.begin(VALUE.list);
    for (const item of value) writeValue(LIST.values, item);
    writer.end(list);
  }
  writer.end(start);
}

/** What the filters and access logs behind us may know, in the namespace of the ext_authz filter. Never any text. */
function metadataOf(decision: Decision): { [key: string]: MetadataValue } {
  return {
    decision_id: decision.decisionId,
    verdict: decision.effective,
    rule_ids: ruleIdsOf(decision.matched).slice(0, LIMITS.leafRuleIdsMax),
    policy_revision: decision.policyRevision,
    coverage_gaps: decision.gaps.slice(0, LIMITS.leafGapsMax).map((gap) => gap.kind),
    duration_ms: Math.round(decision.durationMs * MICROSECONDS) / MICROSECONDS,
    ...(decision.outage && { outage: decision.outage }),
    ...(decision.switch && { switch: decision.switch.kind }),
  };
}
