import type { Capture } from '../kernel/evaluation.js';
import { endpointMatcher } from './endpoint.js';

/** A route that the configuration names. */
export interface NamedRoute {
  /** Label of records and metrics, and key of what is decided differently there. */
  readonly name: string;
  /** Requests that are to pass do so there even when they cannot be recorded. */
  readonly passesUnrecorded?: true;
  /** Something is let pass there that is held back elsewhere, so that no path may lead there in disguise. */
  readonly loosens?: true;
  /** Packs that apply there, joined with those that no route can drop; absent = the route does not choose. */
  readonly packs?: readonly string[];
  /** What records keep of the content there; absent = as everywhere. */
  readonly capture?: Capture;
}

/** Finds the first of the routes that has a pattern for an endpoint (see `endpointMatcher`). Nothing is found for none. */
export function createRouteFinder(
  routes: readonly (NamedRoute & { readonly endpoints: readonly string[] })[],
): (endpoint: string) => NamedRoute | undefined {
  const known = routes.map(({ endpoints, ...route }) => ({ route, tests: endpoints.map(endpointMatcher) }));
  return (endpoint) =>
    endpoint === '' ? undefined : known.find(({ tests }) => tests.some((test) => test(endpoint)))?.route;
}
