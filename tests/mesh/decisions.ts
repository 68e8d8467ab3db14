import type { CheckSettings } from '../../mesh/ext-authz/read-check.js';
import type { Decision } from '../../sidecar/kernel/evaluation.js';
import type { Verdict } from '../../sidecar/kernel/verdict.js';

/** Settings of a door whose paths need no thought: what stands before `?` is the path, `//` is ambiguous. */
export const plainSettings: CheckSettings = {
  requiredPacks: ['secrets'],
  trustedHeaders: new Set(['x-verified-user']),
  tenant: '',
  tenantOf: () => '',
  tellsReasons: true,
  readPath: (rawPath) => {
    const mark = rawPath.indexOf('?');
    const path = mark < 0 ? rawPath : rawPath.slice(0, mark);
    return { path, query: mark < 0 ? '' : rawPath.slice(mark + 1), ambiguous: path.includes('//') };
  },
  routeOf: () => undefined,
  pathLabel: (path) => (path.startsWith('/v1/') ? path : 'other'),
};

export const DECISION_ID = 'abcdefghijklmnopqrstuvwx23:41';

/** A recorded decision with the given verdict; what matters to a test is given in `changes`. */
export function decisionFor(verdict: Verdict, changes: Partial<Decision> = {}): Decision {
  return {
    raw: verdict,
    effective: verdict,
    matched: [],
    findings: [],
    gaps: [],
    policyRevision: 'f00d',
    textLength: 0,
    decisionId: DECISION_ID,
    message: '',
    durationMs: 1.5,
    ...changes,
  };
}
