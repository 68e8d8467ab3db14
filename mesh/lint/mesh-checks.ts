import type { CheckText } from './check-text.js';

/** Checks of Istio, Envoy Gateway and agentgateway resources, and of files as such. */
export const MESH_CHECKS = {
  'provider-missing': {
    severity: 'error',
    why: 'the policy has no effect, or denies everything, depending on the version of Istio',
    mend: 'add the provider to extensionProviders of the mesh configuration, or correct the name',
  },
  'provider-unused': {
    severity: 'warning',
    why: 'no AuthorizationPolicy of these files uses the provider, so that nothing asks Jimini',
    mend: 'add an AuthorizationPolicy with action CUSTOM and this provider',
  },
  'policy-action': {
    severity: 'error',
    why: 'only the action CUSTOM asks a provider',
    mend: 'set it to CUSTOM',
  },
  'policy-dry-run': {
    severity: 'error',
    why: 'the policy is not enforced',
    mend: 'remove the annotation',
  },
  'rules-none': {
    severity: 'error',
    why: 'a CUSTOM policy asks only where a rule matches, and there is none',
    mend: 'write `rules: [{}]`, which matches every request',
  },
  'rules-narrow': {
    severity: 'warning',
    why: 'requests that match no rule are not judged',
    mend: 'write `rules: [{}]`, or make sure that no other path leads to a model',
  },
  'policy-condition': {
    severity: 'warning',
    why: 'requests for which the condition is false are not judged by it',
    mend: 'add an entry without a condition at the end, or drop the conditions',
  },
  'policy-overridden': {
    severity: 'error',
    why: 'a policy of a route replaces the one of its Gateway, so that nothing asks Jimini there',
    mend: 'set mergeType, or repeat extAuth in it',
  },
  'policy-order': {
    severity: 'warning',
    why: 'the filter order of Envoy Gateway puts another filter, which may change or answer requests, before ext_authz',
    mend: 'leave ext_authz where Envoy Gateway puts it',
  },
  'file-unreadable': {
    severity: 'error',
    why: 'what cannot be read cannot be checked',
    mend: 'correct the file',
  },
  'field-twice': {
    severity: 'error',
    why: 'both are names of one field: Envoy takes the one that comes last, Kubernetes only the one in camel case',
    mend: 'remove one',
  },
  'findings-left-out': {
    severity: 'error',
    why: 'what is left out may be worse than what is shown',
    mend: 'mend what is shown, and run it again',
  },
  'file-unrelated': {
    severity: 'warning',
    why: 'nothing in it calls Jimini, so that nothing was checked',
    mend: 'pass Envoy, Istio, Envoy Gateway or agentgateway configuration that calls Jimini',
  },
} as const satisfies Record<string, CheckText>;
