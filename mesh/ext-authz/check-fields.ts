import { createWireField, readField, WIRE, type WireField } from '../../sidecar/kernel/protobuf-wire.js';
import { createEntry, type HttpFields, readEntry, readHttp } from './http-fields.js';

/** What Jimini reads of a CheckRequest. Everything else in the message stays bytes. */
export interface CheckFields {
  /** Set by the proxy's route configuration, so trusted: `AttributeContext.context_extensions`. */
  readonly contextExtensions: ReadonlyMap<string, string>;
  /** Absent in a TCP-level check. */
  readonly http: HttpFields | undefined;
}

/**
 * Reads the fields that matter straight from the bytes, which must have passed `checkNesting`. The generated decoder
 * would copy the body, turn every credential into a string and build objects with foreign keys.
 * Undefined when a field that occurs at most once occurs twice, or a map has a key twice: decoders disagree on which
 * one counts, and no encoder writes that.
 */
export function readCheckFields(bytes: Uint8Array): CheckFields | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = createWireField();
  let attributes: CheckFields | undefined;
  for (let at = 0; at < buffer.length; at = field.to) {
    if (!readField(buffer, at, buffer.length, field)) return undefined;
    if (!isMessage(field, 1)) continue;
    if (attributes !== undefined) return undefined;
    attributes = readAttributes(buffer, field);
    if (attributes === undefined) return undefined;
  }
  return attributes ?? { contextExtensions: new Map(), http: undefined };
}

/** `AttributeContext`: `request` 4, `context_extensions` 10. */
function readAttributes(buffer: Buffer, message: WireField): CheckFields | undefined {
  const contextExtensions = new Map<string, string>();
  const field = createWireField();
  const entry = createEntry();
  let request: { http: HttpFields | undefined } | undefined;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return undefined;
    if (isMessage(field, 4)) {
      if (request !== undefined) return undefined;
      request = readRequest(buffer, field);
      if (request === undefined) return undefined;
    } else if (isMessage(field, 10)) {
      if (!readEntry(buffer, field, entry)) return undefined;
      const key = buffer.toString('utf8', entry.keyFrom, entry.keyTo);
      if (contextExtensions.has(key)) return undefined;
      contextExtensions.set(key, buffer.toString('utf8', entry.valueFrom, entry.valueTo));
    }
  }
  return { contextExtensions, http: request?.http };
}

/** `AttributeContext.Request`: `http` 2. */
function readRequest(buffer: Buffer, message: WireField): { http: HttpFields | undefined } | undefined {
  const field = createWireField();
  let http: HttpFields | undefined;
  for (let at = message.from; at < message.to; at = field.to) {
    if (!readField(buffer, at, message.to, field)) return undefined;
    if (!isMessage(field, 2)) continue;
    if (http !== undefined) return undefined;
    http = readHttp(buffer, field.from, field.to);
    if (http === undefined) return undefined;
  }
  return { http };
}

function isMessage(field: WireField, number: number): boolean {
  return field.number === number && field.type === WIRE.bytes;
}
