import { type Endpoint, readEndpoint } from '../content/endpoint.js';
import type { Evaluation } from '../kernel/evaluation.js';
import type { LoadedPolicy } from './load-policy.js';

/** An endpoint that a caller states, and what the configured route that it belongs to says. */
export type StatedEndpoint = Endpoint & Pick<Evaluation, 'namedRoute' | 'passesUnrecorded' | 'packs' | 'capture'>;

/** Reads an endpoint that a caller of Evaluate or of the command line states: the same route as behind a proxy, by the same rules. */
export function readStatedEndpoint(stated: string, routeOf: LoadedPolicy['routeOf']): StatedEndpoint {
  const read = readEndpoint(stated);
  const route = read.ambiguous ? undefined : routeOf(read.endpoint);
  if (route === undefined) return read;
  const { name, loosens: _, ...said } = route;
  return { ...read, route: name, namedRoute: name, ...said };
}
