import { type Direction, readDirection } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { CheckFields } from './check-fields.js';
import type { OwnWords } from './metadata-fields.js';

/** What the operator's proxy says about a request: keys that start with `jimini`. */
export interface RouteContext {
  readonly direction: Direction;
  /** Configured name that rules are scoped by; empty = the path of the request. */
  readonly endpoint: string;
  /** `endpoint` as a label of records and metrics: `other` when it cannot be one; empty = the route names none. */
  readonly label: string;
  /** Named by the proxy, else that of the client's principal, else the configured one; empty = none. */
  readonly tenant: string;
  /** Lower-case name of the trusted header that names the person; empty = the route names none. */
  readonly subjectHeader: string;
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
  /** Tenant of a principal; empty = none. */
  readonly tenantOf: (principal: string) => string;
}

/** With any separator or case: a misspelt key of ours must not mean a weaker policy. */
const OURS = /^jimini/i;
const CONTROL_CHARACTER = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
/** What a label may be made of: anything else would have to be escaped, differently in each place that shows it. */
const LABEL = /^[\w.~/:@*+-]{1,128}$/;

/** Where words come from. */
export type ContextSources = Pick<CheckFields, 'contextExtensions' | 'routeMetadata' | 'requestMetadata' | 'principal'>;

/**
 * Reads what the proxy says. For each key the first source that has it counts: what nobody but the operator can influence goes
 * before what depends on the request. Pure and total: what is wrong anywhere becomes `isInvalid`, never an exception.
 */
export function readRouteContext(sources: ContextSources, options: RouteContextOptions): RouteContext {
  const words: readonly OwnWords[] = [sources.contextExtensions, sources.routeMetadata, sources.requestMetadata];
  const said = (key: string) => words.find((of) => of.has(key))?.get(key);
  const direction = readDirection(said('jimini.direction') ?? 'inbound');
  const packs = said('jimini.packs')
    ?.split(',', LIMITS.contextValueCharsMax)
    .map((name) => name.trim());
  const named = packs?.filter((name) => name !== '');
  const endpoint = allowedValue(said('jimini.endpoint'));
  const subjectHeader = allowedValue(said('jimini.subject_header')).toLowerCase();
  return {
    direction: direction ?? '',
    endpoint,
    label: endpoint === '' || LABEL.test(endpoint) ? endpoint : 'other',
    tenant: allowedValue(said('jimini.tenant')) || options.tenantOf(sources.principal) || options.tenant,
    subjectHeader: options.trustedHeaders.has(subjectHeader) ? subjectHeader : '',
    ...(named && { packs: [...new Set([...named, ...options.requiredPacks])] }),
    isInvalid: direction === undefined || words.some((of) => hasInvalidEntry(of, options)),
    hasNoPacks: named?.length === 0,
  };
}

/** A value that is not allowed is not kept either: the request is denied, and its record should not repeat it. */
function allowedValue(value = ''): string {
  return isAllowedValue(value) ? value.trim() : '';
}

function isAllowedValue(value: string | undefined): value is string {
  return value !== undefined && value.length <= LIMITS.contextValueCharsMax && !CONTROL_CHARACTER.test(value);
}

function hasInvalidEntry(words: OwnWords, options: RouteContextOptions): boolean {
  for (const [key, value] of words) if (isInvalidEntry(key, value, options)) return true;
  return false;
}

function isInvalidEntry(key: string, value: string | undefined, options: RouteContextOptions): boolean {
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
