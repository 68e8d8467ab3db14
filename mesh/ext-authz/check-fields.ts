import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createWireField, readField, WIRE, type WireField } from '../../sidecar/kernel/protobuf-wire.js';
import { createEntry, type HttpFields, readEntry, readHttp } from './http-fields.js';
import { NO_WORDS, type OwnWords, readOwnMetadata } from './metadata-fields.js';

/** What Jimini reads of a CheckRequest. Everything else in the message stays bytes. */
export interface CheckFields {
  /** Set by the proxy's route configuration, so trusted: `AttributeContext.context_extensions`. */
  readonly contextExtensions: ReadonlyMap<string, string>;
  /** What the proxy's route has in its metadata: `AttributeContext.route_metadata_context`. */
  readonly routeMetadata: OwnWords;
  /** What filters of the proxy found out about this request: `AttributeContext.metadata_context`. */
  readonly requestMetadata: OwnWords;
  /** Who the client is, as the proxy read it in its certificate: `Peer.principal`; empty = it showed none. */
  readonly principal: string;
  /** Absent in a TCP-level check. */
  readonly http: HttpFields | undefined;
}

const NOTHING: CheckFields = {
  contextExtensions: new Map(),
  routeMetadata: NO_WORDS,
  requestMetadata: NO_WORDS,
  principal: '',
  http: undefined,
};

/**
 * Reads the fields that matter straight from the bytes, which must have passed `checkNesting`. The generated decoder
 * would copy the body, turn every credential into a string and build objects with foreign keys. Headers are read only if
 * Jimini knows them or they are among `trustedHeaders` (lower case).
 * Undefined when a field that occurs at most once occurs twice, or a map has a key twice: decoders disagree on which
 * one counts, and no encoder writes that.
 */
export function readCheckFields(bytes: Uint8Array, trustedHeaders: ReadonlySet<string>): CheckFields | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = createWireField();
  let attributes: CheckFields | undefined;
  for (let at = 0; at < buffer.length; at = field.to) {
    if (!readField(buffer, at, buffer.length, field)) return undefined;
    if (!isMessage(field, 1)) continue;
    if (attributes !== undefined) return undefined;
    attributes = readAttributes(buffer, field, trustedHeaders);
    if (attributes === undefined) return undefined;
  }
  return attributes ?? NOTHING;
}

/** Numbers of fields of `AttributeContext`. */
const SOURCE = 1;
const REQUEST = 4;
const CONTEXT_EXTENSIONS = 10;
const METADATA_CONTEXT = 11;
const ROUTE_METADATA_CONTEXT = 13;

type Draft = { -readonly [key in keyof CheckFields]: CheckFields[key] };

function readAttributes(
  buffer: Buffer,
  message: WireField,
  trustedHeaders: ReadonlySet<string>,
): CheckFields | undefined {
  const contextExtensions = new Map<string, string>();
  const draft: Draft = { ...NOTHING, contextExtensions };
  const field = createWireField();
  const entry = createEntry();
  let seen = 0;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return undefined;
    if (field.type !== WIRE.bytes || field.number > ROUTE_METADATA_CONTEXT) continue;
    if (field.number === CONTEXT_EXTENSIONS) {
      if (!readEntry(buffer, field, entry)) return undefined;
      const key = buffer.toString('utf8', entry.keyFrom, entry.keyTo);
      if (contextExtensions.has(key)) return undefined;
      contextExtensions.set(key, buffer.toString('utf8', entry.valueFrom, entry.valueTo));
      continue;
    }
    const bit = 1 << field.number;
    if (seen & bit) return undefined;
    seen |= bit;
    if (!readSingular(buffer, field, draft, trustedHeaders)) return undefined;
  }
  return draft;
}

/** False when what stands in the field is malformed. Fields that do not matter are what they are. */
function readSingular(buffer: Buffer, field: WireField, draft: Draft, trustedHeaders: ReadonlySet<string>): boolean {
  switch (field.number) {
    case SOURCE: {
      const principal = readPrincipal(buffer, field);
      draft.principal = principal ?? '';
      return principal !== undefined;
    }
    case REQUEST: {
      const request = readRequest(buffer, field, trustedHeaders);
      draft.http = request?.http;
      return request !== undefined;
    }
    case METADATA_CONTEXT: {
      const words = readOwnMetadata(buffer, field);
      draft.requestMetadata = words ?? NO_WORDS;
      return words !== undefined;
    }
    case ROUTE_METADATA_CONTEXT: {
      const words = readOwnMetadata(buffer, field);
      draft.routeMetadata = words ?? NO_WORDS;
      return words !== undefined;
    }
    default:
      return true;
  }
}

/** `AttributeContext.Peer`: `principal` 4. One that is longer than any is nobody. */
function readPrincipal(buffer: Buffer, message: WireField): string | undefined {
  const field = createWireField();
  let principal: string | undefined;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return undefined;
    if (!isMessage(field, 4)) continue;
    if (principal !== undefined) return undefined;
    const isTooLong = field.to - field.from > LIMITS.principalBytesMax;
    principal = isTooLong ? '' : buffer.toString('utf8', field.from, field.to);
  }
  return principal ?? '';
}

/** `AttributeContext.Request`: `http` 2. */
function readRequest(
  buffer: Buffer,
  message: WireField,
  trustedHeaders: ReadonlySet<string>,
): { http: HttpFields | undefined } | undefined {
  const field = createWireField();
  let http: HttpFields | undefined;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return undefined;
    if (!isMessage(field, 2)) continue;
    if (http !== undefined) return undefined;
    http = readHttp(buffer, { from: field.from, to: field.to, trustedHeaders });
    if (http === undefined) return undefined;
  }
  return { http };
}

function isMessage(field: WireField, number: number): boolean {
  return field.number === number && field.type === WIRE.bytes;
}
