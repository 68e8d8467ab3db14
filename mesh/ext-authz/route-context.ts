import { type Direction, readDirection } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';

/** What the operator's route configuration says about a request: `context_extensions` keys that start with `jimini`. */
export interface RouteContext {
  readonly direction: Direction;
  /** Configured name that rules are scoped by; empty = the path of the request. */
  readonly endpoint: string;
  /** `endpoint` as a label of records and metrics: `other` when it cannot be one; empty = the route names none. */
  readonly label: string;
  /** Named by the route, else the configured one; empty = none. */
  readonly tenant: string;
  /** Packs of this route with the required ones; absent = all loaded packs. */
  readonly packs?: readonly string[];
  /** The route asks for something that does not exist: gap `config:context`. */
  readonly isInvalid: boolean;
  /** The route names packs, but none: gap `config:packs`. */
  readonly hasNoPacks: boolean;
}

/** What a route's words are checked against. */
export interface RouteContextOptions {
  /** Packs that no route can drop. */
  readonly requiredPacks: readonly string[];
  /** Lower-case names of headers that the proxy sets itself or has cleaned. */
  readonly trustedHeaders: ReadonlySet<string>;
  /** Tenant of requests whose route names none; empty = none. */
  readonly tenant: string;
}

/** With any separator or case: a misspelt key of ours must not mean a weaker policy. */
const OURS = /^jimini/i;
const CONTROL_CHARACTER = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
/** What a label may be made of: anything else would have to be escaped, differently in each place that shows it. */
const LABEL = /^[\w.~/:@*+-]{1,128}$/;

/** Reads the route's own words. Pure and total: what is wrong becomes `isInvalid`, never an exception. */
export function readRouteContext(extensions: ReadonlyMap<string, string>, options: RouteContextOptions): RouteContext {
  const direction = readDirection(extensions.get('jimini.direction') ?? 'inbound');
  const packs = extensions
    .get('jimini.packs')
    ?.split(',', LIMITS.contextValueCharsMax)
    .map((name) => name.trim());
  const named = packs?.filter((name) => name !== '');
  const endpoint = trimmedValue(extensions, 'jimini.endpoint');
  return {
    direction: direction ?? '',
    endpoint,
    label: endpoint === '' || LABEL.test(endpoint) ? endpoint : 'other',
    tenant: trimmedValue(extensions, 'jimini.tenant') || options.tenant,
    ...(named && { packs: [...new Set([...named, ...options.requiredPacks])] }),
    isInvalid: direction === undefined || [...extensions].some((entry) => isInvalidEntry(entry, options)),
    hasNoPacks: named?.length === 0,
  };
}

/** A value that is not allowed is not kept either: the request is denied, and its record should not repeat it. */
function trimmedValue(extensions: ReadonlyMap<string, string>, key: string): string {
  const value = extensions.get(key) ?? '';
  return isAllowedValue(value) ? value.trim() : '';
}

function isAllowedValue(value: string): boolean {
  return value.length <= LIMITS.contextValueCharsMax && !CONTROL_CHARACTER.test(value);
}

function isInvalidEntry([key, value]: readonly [string, string], options: RouteContextOptions): boolean {
  if (!OURS.test(key)) return false;
  if (!isAllowedValue(value)) return true;
  switch (key) {
    case 'jimini.endpoint':
    case 'jimini.direction':
    case 'jimini.packs':
    case 'jimini.tenant':
      return false;
    case 'jimini.subject_header':
      return !options.trustedHeaders.has(value.trim().toLowerCase());
    default:
      return true;
  }
}
