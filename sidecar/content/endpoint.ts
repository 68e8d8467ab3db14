import { apiPathLabel } from './api-path-label.js';
import { readRequestPath } from './request-path.js';

/** What rules are scoped by, as a caller names it. */
export interface Endpoint {
  /** A path in its normal form, or a name as it was given; empty = none. */
  readonly endpoint: string;
  /** Bounded label for records and metrics: a known API path, else `other`. */
  readonly route: string;
  /** Servers differ on what the path means. */
  readonly ambiguous: boolean;
}

/** Reads an endpoint that a caller states. A path is normalised as that of a request is; anything else is a name. */
export function readEndpoint(stated: string): Endpoint {
  if (!stated.startsWith('/')) return { endpoint: stated, route: 'other', ambiguous: false };
  const { path, ambiguous } = readRequestPath(stated);
  return { endpoint: path, route: ambiguous ? 'other' : apiPathLabel(path), ambiguous };
}
