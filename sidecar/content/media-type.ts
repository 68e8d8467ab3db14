import type { GapKind } from '../kernel/gap.js';
import { ownText } from '../kernel/own-memory.js';

/** The charset that is named: UTF-8 (or none), Latin-1 at least once, or something that is not read, or may be. */
export type DeclaredCharset = 'utf-8' | 'latin-1' | 'other';

/** What a Content-Type header says. A header that several servers would read differently says all of it at once. */
export interface DeclaredType {
  /** `type/subtype` in lower case, without parameters; several when the header was sent more than once. */
  readonly mediaTypes: readonly string[];
  readonly charset: DeclaredCharset;
  /** What at least one of the media types says. */
  readonly says: {
    /** One JSON text, or several (which goes first). */
    readonly json: 'json' | 'lines' | undefined;
    readonly multipart: boolean;
    readonly form: boolean;
    readonly protobuf: boolean;
    readonly framed: boolean;
    /** Bytes that are no text, or any bytes. */
    readonly bytes: boolean;
  };
}

/** Longer headers are not taken apart: no honest one comes near, and what stands further back could be anything. */
const HEADER_CHARS_MAX = 1024;

/** A charset parameter, whole and well-formed (RFC 9110 section 5.6.6), whose text is read. An empty one says nothing. */
const UTF_8 = charsetParameter('utf-?8|(?:us-)?ascii|');
/** Names of Latin-1 and of what the web takes it for (WHATWG Encoding section 4.2). */
const LATIN_1 = charsetParameter('iso-?8859-?1|latin-?1|l1|cp1252|windows-1252|x-cp1252');

/** Media types whose bytes are no text, with the gap that they are; by prefix. */
const UNINSPECTABLE: readonly (readonly [prefix: string, gap: GapKind])[] = [
  ['image/', 'uninspectable:image'],
  ['audio/', 'uninspectable:audio'],
  ['video/', 'uninspectable:video'],
  ['application/pdf', 'uninspectable:pdf'],
  ['application/grpc', 'uninspectable:binary'],
  ['application/connect+', 'uninspectable:binary'],
  ['application/vnd.amazon.eventstream', 'uninspectable:binary'],
  ['application/zip', 'uninspectable:binary'],
  ['application/gzip', 'uninspectable:binary'],
  ['application/x-gzip', 'uninspectable:binary'],
  ['application/zstd', 'uninspectable:binary'],
  ['application/x-tar', 'uninspectable:binary'],
  ['application/x-zip', 'uninspectable:binary'],
  ['application/msword', 'uninspectable:binary'],
  ['application/vnd.ms-', 'uninspectable:binary'],
  ['application/vnd.openxmlformats-officedocument.', 'uninspectable:binary'],
  ['application/vnd.oasis.opendocument.', 'uninspectable:binary'],
];

/** Nothing is said. */
export const UNTYPED: DeclaredType = typed([], 'utf-8');

/** The header read last, because nearly every request has the same. */
let last: { readonly header: string; readonly declared: DeclaredType } = { header: '', declared: UNTYPED };

/** Reads a Content-Type header (RFC 9110 section 8.3.1). Envoy joins repeated headers with a comma. */
export function parseContentType(header: string): DeclaredType {
  if (header !== last.header) {
    if (header.length > HEADER_CHARS_MAX) return parsed(header);
    const own = ownText(header); // types of parts and of files are cut out of bodies
    last = { header: own, declared: parsed(own) };
  }
  return last.declared;
}

function parsed(header: string): DeclaredType {
  const text = header.slice(0, HEADER_CHARS_MAX).toLowerCase();
  const mediaTypes = text
    .split(',')
    .map((part) => (part.split(';', 1)[0] ?? '').trim())
    .filter((part) => part !== '');
  // Whatever form the parameter has (RFC 8187, no semicolon before it, a quote left open), some server takes it.
  const others = text.replaceAll(UTF_8, '').replaceAll(LATIN_1, '');
  if (header.length > HEADER_CHARS_MAX || others.includes('charset')) return typed(mediaTypes, 'other');
  return typed(mediaTypes, text.search(LATIN_1) < 0 ? 'utf-8' : 'latin-1');
}

function typed(mediaTypes: readonly string[], charset: DeclaredCharset): DeclaredType {
  const some = (says: (mediaType: string) => unknown) => mediaTypes.some((mediaType) => Boolean(says(mediaType)));
  const says = {
    json: some(saysJsonLines) ? ('lines' as const) : some(saysJson) ? ('json' as const) : undefined,
    multipart: some((mediaType) => mediaType.startsWith('multipart/')),
    form: some((mediaType) => mediaType.startsWith('application/x-www-form-urlencoded')),
    protobuf: some(saysProtobuf),
    framed: some(framedType),
    bytes: some((mediaType) => mediaType === 'application/octet-stream' || uninspectableGap(mediaType)),
  };
  return { mediaTypes, charset, says };
}

function charsetParameter(names: string): RegExp {
  return new RegExp(`;\\s*charset\\s*=\\s*(?:"\\s*(?:${names})\\s*"|(?:${names}))\\s*(?=[;,]|$)`, 'g');
}

/** JSON by name (RFC 8259), by suffix (RFC 6839) or by a name of its like: a body that says so must be JSON. */
function saysJson(mediaType: string): boolean {
  return /^[^/]+\/(?:[^/]+\+)?(?:x-)?(?:json|jsonl|json-?lines|ndjson|json-seq|json5|jsonc|hjson)(?:\s|$)/.test(
    mediaType,
  );
}

/** The gap of a media type (lower case) whose content is not text; undefined for text and for what is not known. */
export function uninspectableGap(mediaType: string): GapKind | undefined {
  return UNINSPECTABLE.find(([prefix]) => mediaType.startsWith(prefix))?.[1];
}

/** Several JSON texts, one a line or behind one another, by name. */
function saysJsonLines(mediaType: string): boolean {
  return /^[^/]+\/(?:x-)?(?:jsonl|json-?lines|ndjson|json-seq)(?:\s|$)/.test(mediaType);
}

/** A single protobuf message, by name; `application/proto` is that of the Connect protocol. */
export function saysProtobuf(mediaType: string): boolean {
  return /^application\/(?:x-|vnd\.google\.)?proto(?:buf)?(?:\s|$)/.test(mediaType);
}

/** How the messages of a body lie behind one another, and what they are written in. */
export interface FramedType {
  readonly protocol: 'grpc' | 'grpc-web' | 'grpc-web-text' | 'connect';
  /** `proto` unless stated. */
  readonly message: string;
}

/**
 * A body of length-prefixed messages, by name: gRPC (grpc/grpc, PROTOCOL-HTTP2.md), gRPC-Web (PROTOCOL-WEB.md) and the
 * streams of the Connect protocol (connectrpc.com/docs/protocol).
 */
export function framedType(mediaType: string): FramedType | undefined {
  const [, protocol, message] =
    /^application\/(grpc-web-text|grpc-web|grpc|connect(?=\+))(?:\+([\w.-]+))?$/.exec(mediaType) ?? [];
  return protocol === undefined
    ? undefined
    : { protocol: protocol as FramedType['protocol'], message: message ?? 'proto' };
}
