import type { AuthzMessage } from './ext-authz.js';
import { messageOf, shortType } from './messages.js';
import { everyMap, type Field, field, isTrue, listAt, mentions, type Tree, textAt } from './tree.js';

/** One HTTP filter of a chain. */
export interface HttpFilter {
  /** The entry of the list. */
  readonly entry: Tree;
  readonly name: string;
  /** What it is, whatever its name: `ext_authz`, `router`, `lua`. */
  readonly kind: string;
  /** Its configuration, when it is ext_authz and has one in the file. */
  readonly authz: AuthzMessage | undefined;
  /** It stands inside another filter that decides by request whether it runs. */
  readonly isConditional: boolean;
}

/** An HTTP connection manager: envoy.extensions.filters.network.http_connection_manager.v3. */
export interface Manager {
  readonly body: Tree;
  /** Its `@type`. */
  readonly place: Field;
  readonly filters: readonly HttpFilter[];
}

/** The connection manager that a map is, if it is one. */
export function managerOf(tree: Tree): Manager | undefined {
  const message = messageOf(tree);
  const place = field(tree, '@type');
  if (!message || !place || shortType(message) !== 'HttpConnectionManager') return undefined;
  return { body: message.body, place, filters: listAt(message.body, 'http_filters').map(filterOf) };
}

/** Reads one entry of a list of HTTP filters. */
export function filterOf(entry: Tree): HttpFilter {
  const name = textAt(entry, 'name') ?? '';
  const config = field(entry, 'typed_config')?.value;
  const message = messageOf(config);
  const authz = config && firstAuthz(config);
  const isWrapped = message !== undefined && /\.(ExtensionWithMatcher|Composite)$/.test(message.type);
  const kind = authz ? 'ext_authz' : kindOf(message?.type ?? '') || kindOf(name) || name;
  return { entry, name, kind, authz, isConditional: isWrapped && authz !== undefined };
}

/** `envoy.extensions.filters.http.lua.v3.Lua` and `envoy.filters.http.lua` are `lua`. */
function kindOf(name: string): string {
  return /\.http\.([a-z0-9_]+)/.exec(name)?.[1] ?? '';
}

function firstAuthz(config: Tree): AuthzMessage | undefined {
  for (const map of everyMap(config)) {
    const found = authzOf(map);
    if (found) return found;
  }
  return undefined;
}

/** The ext_authz configuration that a map is, if it is one. */
export function authzOf(tree: Tree, isPatch = false): AuthzMessage | undefined {
  const message = messageOf(tree);
  const place = field(tree, '@type');
  if (!message || !place || shortType(message) !== 'ExtAuthz') return undefined;
  // The TCP filter of the same name has no request to send.
  return message.type.includes('.network.') ? undefined : { body: message.body, place, isPatch };
}

/** Whether a filter is off unless a route turns it on. */
export function isOff({ entry }: HttpFilter): boolean {
  return isTrue(field(entry, 'disabled'));
}

/** Whether a filter, by its name or its configuration, names Jimini. */
export function namesJimini(filter: HttpFilter): boolean {
  return mentions(filter.entry, 'jimini');
}
