import type { Evaluation, HeldBack } from '../kernel/evaluation.js';
import type { Maintenance } from '../kernel/switch.js';
import { endpointMatcher } from './endpoint.js';

/** A maintenance window that can tell whether an evaluation is its business. */
export interface MaintenanceWindow {
  readonly name: string;
  /** Packs whose rules it holds back; absent = all of them, and gaps too. */
  readonly packs?: readonly string[];
  covers(evaluation: Pick<Evaluation, 'endpoint' | 'tenant'>): boolean;
}

/** Makes the window; its patterns are read once. */
export function createMaintenanceWindow({ name, scope }: Maintenance): MaintenanceWindow {
  const { tenants, packs } = scope;
  const endpoints = scope.endpoints?.map(endpointMatcher);
  return {
    name,
    ...(packs && { packs }),
    covers: ({ endpoint, tenant }) =>
      (endpoints === undefined || endpoints.some((matches) => matches(endpoint))) &&
      (tenants === undefined || tenants.includes(tenant)),
  };
}

/** What windows hold back together; they are all taken to cover the evaluation. Undefined = nothing. */
export function heldBackBy(windows: readonly MaintenanceWindow[]): HeldBack | undefined {
  if (windows.length === 0) return undefined;
  return windows.some(({ packs }) => packs === undefined) ? 'all' : windows.flatMap(({ packs = [] }) => packs);
}
