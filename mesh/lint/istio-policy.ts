import type { Report } from './checks.js';
import type { Facts } from './guard.js';
import { at, type Field, field, fieldsAt, isTrue, listAt, mentions, type Tree, textAt } from './tree.js';

/** The provider that an AuthorizationPolicy names; empty = none. */
export function providerOf(policy: Tree): string {
  return textAt(policy, 'spec', 'provider', 'name') ?? '';
}

/** Checks an AuthorizationPolicy (istio.io/api, security/v1beta1/authorization_policy.proto) if it is about Jimini, which is told. */
export function checkPolicy(report: Report, policy: Tree, facts: Facts): boolean {
  const name = providerOf(policy);
  const action = textAt(policy, 'spec', 'action') ?? 'ALLOW';
  const isOurs = facts.providers.has(name) || mentions(at(policy, 'spec', 'provider'), 'jimini');
  const isKnown = facts.allProviders.has(name);
  if (!isOurs && (isKnown || (name === '' && action !== 'CUSTOM'))) return false;
  const provider = field(at(policy, 'spec', 'provider'), 'name');
  if (facts.allProviders.size > 0 && !isKnown) {
    const place = provider ?? field(policy, 'spec') ?? policy;
    report('provider-missing', place, name === '' ? 'the policy names no provider' : `no provider is called ${name}`);
  }
  if (action !== 'CUSTOM') {
    const place = field(at(policy, 'spec'), 'action') ?? field(policy, 'spec') ?? policy;
    report('policy-action', place, `action is ${action}, and provider.name is ${name}`);
  }
  const dryRun = fieldsAt(policy, 'metadata', 'annotations').find(({ name: key }) => key === 'istio.io/dry-run');
  if (dryRun && isTrue(dryRun)) report('policy-dry-run', dryRun, `${dryRun.name} is true`);
  checkRules(report, field(policy, 'spec'));
  return true;
}

/** A rule without conditions matches everything; one such rule is enough, because rules are alternatives. */
function checkRules(report: Report, spec: Field | undefined): void {
  if (!spec) return;
  const rules = field(spec.value, 'rules');
  const conditions = listAt(rules?.value).map(conditionsOf);
  if (!rules || conditions.length === 0) {
    report('rules-none', rules ?? spec, 'the policy has no rules');
  } else if (conditions.every((names) => names.length > 0)) {
    report('rules-narrow', rules, `${rules.name} limit the policy by ${[...new Set(conditions.flat())].join(', ')}`);
  }
}

/** What limits a rule: `when`, and the lists in `from[].source` and `to[].operation` that do not name everything. */
function conditionsOf(rule: Tree): string[] {
  const lists = [...listAt(rule, 'from'), ...listAt(rule, 'to')]
    .flatMap((item) => fieldsAt(item))
    .flatMap(({ value }) => fieldsAt(value));
  const limits = lists.filter(({ value }) => !listAt(value).some((item) => /^(\*|\/\*)$/.test(textAt(item) ?? '')));
  return [...limits.map(({ name }) => name), ...listAt(rule, 'when').map(() => 'when')];
}
