import { endpointMatcher } from './endpoint.js';

/**
 * Finds the tenant of a principal: that of the first pattern which matches (see `endpointMatcher`; a SPIFFE id is a path as
 * well). Empty = none, as for no principal.
 */
export function createTenantFinder(tenants: Readonly<Record<string, string>>): (principal: string) => string {
  const known = Object.entries(tenants).map(([pattern, tenant]) => ({ tenant, test: endpointMatcher(pattern) }));
  return (principal) => (principal === '' ? '' : (known.find(({ test }) => test(principal))?.tenant ?? ''));
}
