import { LIMITS } from '../../sidecar/kernel/limits.js';
import type { Report } from './checks.js';
import { BODY_BYTES_LOW } from './expected.js';
import { byteCountOf } from './quantity.js';
import { type Field, field, isTrue, nameIn, type Place, type Tree } from './tree.js';

/** How a proxy names the settings by which it sends the body. */
export interface BodyNames {
  /** The field that holds the others. */
  readonly holder: string;
  readonly limit: string;
  /** Absent: this proxy has no such field. */
  readonly partial?: string;
  readonly bytes?: string;
  /** Limit where none is written. */
  readonly defaultLimit?: number;
}

/** Envoy's own names: envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto, BufferSettings. */
export const ENVOY_BODY: BodyNames = {
  holder: 'with_request_body',
  limit: 'max_request_bytes',
  partial: 'allow_partial_message',
  bytes: 'pack_as_bytes',
};

/** What is known of the message that the settings stand in. */
export interface BodyParent {
  readonly tree: Tree;
  /** What messages call it, and where it is said that the field is missing. */
  readonly name: string;
  readonly place: Place;
  /** A patch: what it does not say may be set elsewhere. */
  readonly isPatch?: boolean;
  /** Style of a name that is not written there. */
  readonly named?: (snakeName: string) => string;
}

/** Checks the settings by which a proxy sends bodies, if it does at all. */
export function checkBody(report: Report, parent: BodyParent, names: BodyNames): void {
  const body = field(parent.tree, names.holder);
  if (!body) {
    const missing = parent.named?.(names.holder) ?? nameIn(parent.tree, names.holder);
    if (!parent.isPatch) report('body-missing', parent.place, `${parent.name} has no ${missing}`);
    return;
  }
  checkBodySettings(report, body, names, parent.isPatch ?? false);
}

/** The settings themselves; `isPatch` as above. */
export function checkBodySettings(report: Report, body: Field, names: BodyNames, isPatch: boolean): void {
  checkLimit(report, body, names);
  const partial = names.partial === undefined ? undefined : field(body.value, names.partial);
  if (partial && isTrue(partial)) report('body-partial', partial, `${partial.name} is true`);
  if (names.bytes === undefined) return;
  const bytes = field(body.value, names.bytes);
  if (bytes && !isTrue(bytes)) report('body-text', bytes, `${bytes.name} is false`);
  if (!bytes && !isPatch) report('body-text', body, `${body.name} has no ${nameIn(body.value, names.bytes)}: true`);
}

function checkLimit(report: Report, body: Field, names: BodyNames): void {
  const limit = field(body.value, names.limit);
  const bytes = limit ? byteCountOf(limit.value) : names.defaultLimit;
  if (bytes === undefined) return;
  const place = limit ?? body;
  const said = limit
    ? `${limit.name} is ${bytes}`
    : `${nameIn(body.value, names.limit)} is ${bytes} where it is not set`;
  if (bytes > LIMITS.bodyBytesMax) report('body-limit-high', place, said);
  else if (bytes < BODY_BYTES_LOW) report('body-limit-low', place, said);
}

/** The limit of a body in bytes, if the message says one. */
export function bodyLimitOf(tree: Tree, names: BodyNames): number | undefined {
  const limit = field(field(tree, names.holder)?.value, names.limit);
  return limit && byteCountOf(limit.value);
}
