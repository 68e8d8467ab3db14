import { createWireField, int64Of, readField, WIRE, type WireField } from '../../sidecar/kernel/protobuf-wire.js';
import { readHeaderName, readOwnName } from './header-names.js';

/** What Jimini reads of `AttributeContext.HttpRequest`. */
export interface HttpFields {
  /** The proxy's own id of the request. */
  id: string;
  method: string;
  /** Request target with its query string, undecoded. */
  path: string;
  /** The query string by itself, which Envoy always leaves empty: it stands in `path`. Other callers may fill it. */
  query: string;
  /** Size of the body as the proxy counts it; 0 = not stated, negative = unknown. */
  size: number;
  /** Only the headers that `header-names` lists and the trusted ones, in lower case, repeated ones joined by a comma (RFC 9110 5.3). */
  readonly headers: Map<string, string>;
  /** Names of the `x-jimini-*` headers that the client sent, in lower case, each once, those with underscores too. */
  clientJiminiHeaders: ReadonlySet<string>;
  /** A view of the message, not a copy. Empty when there is none. */
  body: Uint8Array;
  /** The body came in `body` (text that Envoy has cleaned of everything that is not UTF-8), not in `raw_body`. */
  bodyIsText: boolean;
}

/** Where key and value of a map entry stand. Reused, so that reading headers allocates nothing. */
export interface Entry {
  readonly field: WireField;
  /** Names of headers that are read beside the usual ones. */
  readonly trustedHeaders: ReadonlySet<string>;
  keyFrom: number;
  keyTo: number;
  valueFrom: number;
  valueTo: number;
}

/** An entry to be read into. */
export function createEntry(trustedHeaders: ReadonlySet<string> = NO_NAMES): Entry {
  return { field: createWireField(), trustedHeaders, keyFrom: 0, keyTo: 0, valueFrom: 0, valueTo: 0 };
}

const NO_NAMES: ReadonlySet<string> = new Set();
const NOTHING = new Uint8Array(0);
const HEADERS = 3;
const HEADER_MAP = 13;

/** Where an HttpRequest stands, and the headers that are read beside those that `header-names` lists. */
export interface HttpPlace {
  readonly from: number;
  readonly to: number;
  readonly trustedHeaders: ReadonlySet<string>;
}

/** Reads `AttributeContext.HttpRequest`. Undefined when a singular field occurs twice. */
export function readHttp(buffer: Buffer, { from, to, trustedHeaders }: HttpPlace): HttpFields | undefined {
  const http: HttpFields = {
    id: '',
    method: '',
    path: '',
    query: '',
    size: 0,
    headers: new Map(),
    clientJiminiHeaders: NO_NAMES,
    body: NOTHING,
    bodyIsText: false,
  };
  const field = createWireField();
  const entry = createEntry(trustedHeaders);
  let seen = 0;
  for (let at = from; at < to; at = field.to) {
    if (!readField(buffer, at, to, field)) return undefined;
    if (field.number === HEADERS && field.type === WIRE.bytes) {
      if (!readHeader(buffer, field, entry, http)) return undefined;
    } else if (field.number <= HEADER_MAP) {
      const bit = 1 << field.number;
      if (seen & bit) return undefined;
      seen |= bit;
      if (!readSingular(buffer, field, entry, http)) return undefined;
    }
  }
  return http;
}

function readSingular(buffer: Buffer, field: WireField, entry: Entry, http: HttpFields): boolean {
  if (field.number === 9 && field.type === WIRE.varint) http.size = int64Of(buffer, field);
  if (field.type !== WIRE.bytes) return true;
  switch (field.number) {
    case 1:
      http.id = buffer.toString('utf8', field.from, field.to);
      return true;
    case 2:
      http.method = buffer.toString('utf8', field.from, field.to);
      return true;
    case 4:
      http.path = buffer.toString('utf8', field.from, field.to);
      return true;
    case 7:
      http.query = buffer.toString('utf8', field.from, field.to);
      return true;
    case 11:
      return readBody(buffer, field, http, true);
    case 12:
      return readBody(buffer, field, http, false);
    case HEADER_MAP:
      return readHeaderMap(buffer, field, entry, http);
    default:
      return true;
  }
}

/** False when both `body` and `raw_body` hold something: a proxy sets one of them, by its `pack_as_bytes`. */
function readBody(buffer: Buffer, field: WireField, http: HttpFields, isText: boolean): boolean {
  if (field.from === field.to) return true;
  if (http.body.length > 0) return false;
  http.body = buffer.subarray(field.from, field.to);
  http.bodyIsText = isText;
  return true;
}

/** `config.core.v3.HeaderMap`, which Envoy sends instead of `headers` under `encode_raw_headers`. */
function readHeaderMap(buffer: Buffer, map: WireField, entry: Entry, http: HttpFields): boolean {
  const field = createWireField();
  for (let at = map.from; at < map.to; at = field.to) {
    if (!readField(buffer, at, map.to, field)) return false;
    const isHeader = field.number === 1 && field.type === WIRE.bytes;
    if (isHeader && !readHeader(buffer, field, entry, http)) return false;
  }
  return true;
}

function readHeader(buffer: Buffer, message: WireField, entry: Entry, http: HttpFields): boolean {
  if (!readEntry(buffer, message, entry)) return false;
  const { keyFrom, keyTo } = entry;
  const own = readOwnName(buffer, keyFrom, keyTo);
  if (own !== undefined) addOwnName(http, own);
  const name = own === undefined ? readHeaderName(buffer, keyFrom, keyTo, entry.trustedHeaders) : undefined;
  if (name === undefined) return true;
  const earlier = http.headers.get(name);
  const value = buffer.toString('utf8', entry.valueFrom, entry.valueTo);
  http.headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  return true;
}

/** Hardly any request has one, so that the set is made for those that have. */
function addOwnName(http: HttpFields, name: string): void {
  if (http.clientJiminiHeaders === NO_NAMES) http.clientJiminiHeaders = new Set([name]);
  else (http.clientJiminiHeaders as Set<string>).add(name);
}

/**
 * Reads a map entry (`key` 1, `value` 2) or a `config.core.v3.HeaderValue` (the same, or `raw_value` 3 instead) into
 * `entry`. False when key or value occurs twice.
 */
export function readEntry(buffer: Buffer, message: WireField, entry: Entry): boolean {
  const { field } = entry;
  let seen = 0;
  entry.keyFrom = entry.keyTo = entry.valueFrom = entry.valueTo = 0;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return false;
    if (field.type !== WIRE.bytes || field.number > 3) continue;
    const bit = field.number === 1 ? 1 : 2;
    if (seen & bit) return false;
    seen |= bit;
    if (bit === 1) {
      entry.keyFrom = field.from;
      entry.keyTo = field.to;
    } else {
      entry.valueFrom = field.from;
      entry.valueTo = field.to;
    }
  }
  return true;
}
