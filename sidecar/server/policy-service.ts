import {
  EvaluateRequest,
  EvaluateResponse,
  ListRulesRequest,
  ListRulesResponse,
  type Rule,
  Verdict as WireVerdict,
} from '../../proto/gen/jimini/v1/policy.js';
import { type UnaryHandler, withTraceOf } from '../kernel/call.js';
import type { DecisionPort } from '../kernel/decision-port.js';
import { JiminiError } from '../kernel/errors.js';
import { type Content, type Decision, type Evaluation, readDirection, ruleIdsOf } from '../kernel/evaluation.js';
import type { Gap } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { hasOwnMemory } from '../kernel/own-memory.js';
import type { Verdict } from '../kernel/verdict.js';
import { decode } from './decode.js';

/** Path of Evaluate. */
export const EVALUATE_PATH = '/jimini.v1.PolicyService/Evaluate';
/** Path of ListRules. */
export const LIST_RULES_PATH = '/jimini.v1.PolicyService/ListRules';

/** What the service needs of the rest of the program. */
export interface PolicyServiceOptions {
  readonly decisions: DecisionPort;
  /** The rules as loaded now, in order of packs and files. */
  readonly listRules: () => { readonly rules: readonly Rule[]; readonly policyRevision: string };
  /** What an endpoint that a caller states means; empty text is asked, too. */
  readonly readEndpoint: (stated: string) => Pick<
    Evaluation,
    'endpoint' | 'route' | 'namedRoute' | 'passesUnrecorded' | 'packs' | 'capture'
  > & {
    readonly ambiguous: boolean;
  };
  /** Tenant of every caller; from the configuration, never from a message. */
  readonly tenant: () => string;
  /** A message of this method could not be decoded. */
  readonly onMalformed: (method: 'Evaluate' | 'ListRules') => void;
}

/** The methods of jimini.v1.PolicyService over raw bytes. They reject with JiminiErrors. */
export interface PolicyService {
  readonly evaluate: UnaryHandler;
  readonly listRules: UnaryHandler;
}

/** See `PolicyService`. */
export function createPolicyService(options: PolicyServiceOptions): PolicyService {
  return {
    async evaluate(message, call) {
      const request = decode(EvaluateRequest, message, () => options.onMalformed('Evaluate'));
      const evaluation = evaluationOf(request, hasOwnMemory(message), options);
      const decision = await options.decisions.decide(withTraceOf(call, evaluation));
      return EvaluateResponse.encode(responseOf(decision, request.requestId)).finish();
    },
    async listRules(message) {
      decode(ListRulesRequest, message, () => options.onMalformed('ListRules'));
      const { rules, policyRevision } = options.listRules();
      return ListRulesResponse.encode({ rules: [...rules], policyRevision }).finish();
    },
  };
}

/** What a caller of either method gets when there is no room. */
export function overloaded(): JiminiError {
  return new JiminiError('JIMINI_OVERLOADED', 'too many requests in flight; try again later');
}

/** agent_id and metadata are not read: they never influence a verdict and are not recorded. Nor does the subject, which is sealed. */
function evaluationOf(request: EvaluateRequest, isGivenAway: boolean, options: PolicyServiceOptions): Evaluation {
  if (request.requestId.length > LIMITS.evaluateRequestIdCharsMax) {
    throw invalid(`request_id is longer than ${LIMITS.evaluateRequestIdCharsMax} characters`);
  }
  if (request.subject.length > LIMITS.subjectCharsMax) {
    throw invalid(`subject is longer than ${LIMITS.subjectCharsMax} characters`);
  }
  const direction = readDirection(request.direction);
  if (direction === undefined) throw invalid('direction is neither "inbound" nor "outbound" nor empty');
  const { ambiguous, ...scope } = options.readEndpoint(request.endpoint);
  const gaps: Gap[] = ambiguous ? [{ kind: 'path:ambiguous' }] : [];
  return {
    door: 'evaluate',
    direction,
    ...scope,
    tenant: options.tenant(),
    content: [contentOf(request, isGivenAway)],
    gaps,
    requestId: request.requestId,
    ...(request.subject !== '' && { subject: { id: request.subject, isVerified: false } }),
  };
}

function contentOf({ text, body, contentType, contentEncoding }: EvaluateRequest, isGivenAway: boolean): Content {
  if (body.length === 0) return { kind: 'text', text };
  if (text !== '') throw invalid('text and body are both set; set one of them');
  return { kind: 'body', bytes: body, contentType, contentEncoding, ...(isGivenAway && { isGivenAway }) };
}

const WIRE_VERDICTS: Readonly<Record<Verdict, WireVerdict>> = {
  ALLOW: WireVerdict.ALLOW,
  FLAG: WireVerdict.FLAG,
  MASK: WireVerdict.MASK,
  BLOCK: WireVerdict.BLOCK,
};

function responseOf(decision: Decision, requestId: string): EvaluateResponse {
  return {
    verdict: WIRE_VERDICTS[decision.effective],
    rawVerdict: WIRE_VERDICTS[decision.raw],
    ruleIds: ruleIdsOf(decision.matched),
    message: decision.message,
    requestId,
    decisionId: decision.decisionId,
    findings: [...decision.findings],
    coverageGaps: decision.gaps.map(({ kind }) => kind),
    policyRevision: decision.policyRevision,
    maskedText: decision.effective === 'MASK' ? (decision.maskedText ?? '') : '',
  };
}

function invalid(message: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', message);
}
