import { at, type Field, field, type Tree, textAt } from './tree.js';

/** A protobuf message in its JSON form, known by its type. */
export interface Message {
  /** Full name of the type: `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`. */
  readonly type: string;
  readonly body: Tree;
}

/** Messages that carry another one as plain data: https://github.com/cncf/xds, xds/type/v3/typed_struct.proto. */
const TYPED_STRUCT = /^(xds|udpa)\.type\.v[13]\.TypedStruct$/;

/** The message that a value is, by its `@type`, or the one that it wraps; undefined when it names no type. */
export function messageOf(tree: Tree | undefined): Message | undefined {
  const url = typeUrlOf(tree);
  if (tree === undefined || url === undefined) return undefined;
  if (!TYPED_STRUCT.test(url)) return { type: url, body: tree };
  const inner = textAt(tree, 'type_url');
  const body = at(tree, 'value');
  return inner === undefined || body === undefined ? undefined : { type: afterSlash(inner), body };
}

/** Last part of a type's name: `ExtAuthz`. */
export function shortType({ type }: Message): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

function typeUrlOf(tree: Tree | undefined): string | undefined {
  const url: Field | undefined = field(tree, '@type');
  return url?.value.kind === 'scalar' ? afterSlash(String(url.value.value)) : undefined;
}

function afterSlash(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
