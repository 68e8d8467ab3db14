import type { GapKind } from '../kernel/gap.js';

/** What a Content-Type header says. A header that several servers would read differently says all of it at once. */
export interface DeclaredType {
  /** `type/subtype` in lower case, without parameters; several when the header was sent more than once. */
  readonly mediaTypes: readonly string[];
  /** Some charset is named, or may be, that is not known to be UTF-8. */
  readonly hasOtherCharset: boolean;
}

/** Longer headers are not taken apart: no honest one comes near, and what stands further back could be anything. */
const HEADER_CHARS_MAX = 1024;

/** A charset parameter, whole and well-formed (RFC 9110 section 5.6.6), whose text is read. An empty one says nothing. */
const READ_CHARSET = /;\s*charset\s*=\s*(?:"\s*(?:utf-?8|(?:us-)?ascii)?\s*"|(?:utf-?8|(?:us-)?ascii)?)\s*(?=[;,]|$)/g;

/** Media types whose bytes are no text, with the gap that they are; by prefix. */
const UNINSPECTABLE: readonly (readonly [prefix: string, gap: GapKind])[] = [
  ['image/', 'uninspectable:image'],
  ['audio/', 'uninspectable:audio'],
  ['video/', 'uninspectable:video'],
  ['application/pdf', 'uninspectable:pdf'],
  ['application/grpc', 'uninspectable:binary'],
  ['application/protobuf', 'uninspectable:binary'],
  ['application/x-protobuf', 'uninspectable:binary'],
  ['application/vnd.google.protobuf', 'uninspectable:binary'],
  ['application/vnd.amazon.eventstream', 'uninspectable:binary'],
  ['application/zip', 'uninspectable:binary'],
  ['application/gzip', 'uninspectable:binary'],
  ['application/x-gzip', 'uninspectable:binary'],
  ['application/zstd', 'uninspectable:binary'],
  ['application/x-tar', 'uninspectable:binary'],
];

/** What nearly every request says. */
const PLAIN_JSON: DeclaredType = { mediaTypes: ['application/json'], hasOtherCharset: false };

/** Reads a Content-Type header (RFC 9110 section 8.3.1). Envoy joins repeated headers with a comma. */
export function parseContentType(header: string): DeclaredType {
  if (header === 'application/json') return PLAIN_JSON;
  const text = header.slice(0, HEADER_CHARS_MAX).toLowerCase();
  const mediaTypes = text
    .split(',')
    .map((part) => (part.split(';', 1)[0] ?? '').trim())
    .filter((part) => part !== '');
  // Whatever form the parameter has (RFC 8187, no semicolon before it, a quote left open), some server takes it.
  const hasOtherCharset = header.length > HEADER_CHARS_MAX || text.replaceAll(READ_CHARSET, '').includes('charset');
  return { mediaTypes, hasOtherCharset };
}

/** JSON by name (RFC 8259), by suffix (RFC 6839) or by a name of its like: a body that says so must be JSON. */
export function saysJson(mediaType: string): boolean {
  return /^[^/]+\/(?:[^/]+\+)?(?:x-)?(?:json|jsonl|json-?lines|ndjson|json-seq|json5|jsonc|hjson)(?:\s|$)/.test(
    mediaType,
  );
}

/** The gap of a media type (lower case) whose content is not text; undefined for text and for what is not known. */
export function uninspectableGap(mediaType: string): GapKind | undefined {
  return UNINSPECTABLE.find(([prefix]) => mediaType.startsWith(prefix))?.[1];
}

/** The gap of a media type (lower case) that is made of parts which this version does not take apart. */
export function formatGap(mediaType: string): GapKind | undefined {
  if (mediaType.startsWith('multipart/')) return 'format:multipart';
  return mediaType.startsWith('application/x-www-form-urlencoded') ? 'format:form' : undefined;
}
