import type { Report } from './checks.js';
import type { Tree } from './tree.js';

/** A place in a file that has an external service asked about requests. */
export interface Guard {
  /** It names Jimini. Where one of a file does, the others are somebody else's, and are left alone. */
  readonly isNamed: boolean;
  /** Checks it. */
  check(report: Report, facts: Facts): void;
}

/** What was found in all files together: one file may name what another one defines. */
export interface Facts {
  /** Envoy clusters by name. */
  readonly clusters: ReadonlyMap<string, Located>;
  /** Names under which filter chains hold the ext_authz filters that call Jimini. */
  readonly filterNames: ReadonlySet<string>;
  /** Names of all filters of all chains. */
  readonly chainNames: ReadonlySet<string>;
  /** One of these filters is off unless a route turns it on. */
  readonly isOffByDefault: boolean;
  /** Some route turns one on. */
  readonly isTurnedOn: boolean;
  /** Names of Istio's extension providers that call Jimini. */
  readonly providers: ReadonlySet<string>;
  /** Names of all of Istio's extension providers for authorization. */
  readonly allProviders: ReadonlySet<string>;
  /** Providers that some AuthorizationPolicy names, and whether there is any such policy. */
  readonly usedProviders: ReadonlySet<string>;
  readonly hasPolicies: boolean;
  /** Kubernetes and Istio resources that say where a service is, by `kind`. */
  readonly resources: ReadonlyMap<string, readonly Located[]>;
}

/** A value and the file it stands in. */
export interface Located {
  readonly tree: Tree;
  readonly report: Report;
}
