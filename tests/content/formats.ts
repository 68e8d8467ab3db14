import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../sidecar/config/package-root.js';
import type { Role } from '../../sidecar/kernel/evaluation.js';
import type { GapKind } from '../../sidecar/kernel/gap.js';

export type Tree = null | boolean | number | string | readonly Tree[] | { readonly [name: string]: Tree };

/** One file of `formats/`; see the README there. */
export interface Format {
  readonly title: string;
  readonly source: string;
  readonly requests: readonly FormatRequest[];
}

/** How the tree of a golden body is written down. */
export type Encoding =
  | 'json'
  | 'lines'
  | 'form'
  | 'multipart'
  | 'text'
  | 'bytes'
  | 'grpc'
  | 'grpc-json'
  | 'grpc-web'
  | 'grpc-web-text'
  | 'protobuf';

export interface FormatRequest {
  readonly title: string;
  readonly path: string;
  readonly encoding?: Encoding;
  readonly contentType?: string;
  /** Gaps that every such body has. */
  readonly gaps?: readonly GapKind[];
  readonly body: Tree;
  readonly fields: readonly Field[];
}

/** A member of the body that is judged as text, or named. */
export type Field = TextField | GapField;
export interface TextField {
  /** JSON pointer into `body`. */
  readonly at: string;
  readonly role: Role;
  /** How the text is written in the member; absent: as it is. */
  readonly in?: 'base64' | 'data-url' | 'json';
  readonly note?: string;
}
export interface GapField {
  readonly at: string;
  readonly gap: GapKind;
  readonly note?: string;
}

/** Every format that there is a file of, by title. */
export function readFormats(): readonly Format[] {
  const folder = join(packageRoot(), 'tests', 'content', 'formats');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const formats = names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Format);
  return formats.sort((a, b) => (a.title < b.title ? -1 : 1));
}

export function isTextField(field: Field): field is TextField {
  return 'role' in field;
}

/** The gaps of the golden body, each once, sorted. */
export function gapsOf({ gaps = [], fields }: FormatRequest): GapKind[] {
  return [...new Set([...gaps, ...fields.flatMap((field) => (isTextField(field) ? [] : [field.gap]))])].sort();
}

/** The golden body with another text in one of its fields. */
export function planted(request: FormatRequest, field: TextField, text: string): FormatRequest {
  const written = {
    none: text,
    base64: Buffer.from(text).toString('base64'),
    'data-url': `data:text/plain;base64,${Buffer.from(text).toString('base64')}`,
    json: JSON.stringify({ q: text }),
  }[field.in ?? 'none'];
  return { ...request, body: withValue(request.body, field.at.split('/').slice(1), written) };
}

/** The golden body without what makes these gaps: around each, as much as holds no other field. */
export function without(request: FormatRequest, removed: readonly GapField[]): FormatRequest {
  const places = request.fields.map(({ at }) => at);
  const body = removed.reduce((tree, field) => {
    let at = field.at;
    const isAlone = (place: string) =>
      place !== '' && !places.some((other) => other !== field.at && `${other}/`.startsWith(`${place}/`));
    for (let around = parentOf(at); isAlone(around); around = parentOf(at)) at = around;
    return withValue(tree, at.split('/').slice(1), undefined);
  }, request.body);
  return { ...request, body };
}

function parentOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** `undefined` takes a member away; in a list `null` stays. */
function withValue(tree: Tree, tokens: readonly string[], value: Tree | undefined): Tree {
  const [token, ...rest] = tokens;
  if (token === undefined) return value ?? null;
  if (tree === null || typeof tree !== 'object') throw new RangeError(`no ${token} in a golden body`);
  if (Array.isArray(tree))
    return tree.map((item, index) => (String(index) === token ? withValue(item, rest, value) : item));
  const members = Object.entries(tree).flatMap(([name, member]) => {
    if (name !== token) return [[name, member] as const];
    return rest.length === 0 && value === undefined ? [] : [[name, withValue(member, rest, value)] as const];
  });
  return Object.fromEntries(members);
}
