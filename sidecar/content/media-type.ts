import type { GapKind } from '../kernel/gap.js';

/** What a Content-Type header says. A header that several servers would read differently says all of it at once. */
export interface DeclaredType {
  /** `type/subtype` in lower case, without parameters; several when the header was sent more than once. */
  readonly mediaTypes: readonly string[];
  /** Every charset named, lower case, unquoted. */
  readonly charsets: readonly string[];
}

/** Characters of a Content-Type header that are looked at. */
const HEADER_CHARS_MAX = 1024;

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
const PLAIN_JSON: DeclaredType = { mediaTypes: ['application/json'], charsets: [] };

/** Reads a Content-Type header (RFC 9110 section 8.3.1). Envoy joins repeated headers with a comma. */
export function parseContentType(header: string): DeclaredType {
  if (header === 'application/json') return PLAIN_JSON;
  const text = header.slice(0, HEADER_CHARS_MAX).toLowerCase();
  const mediaTypes = text
    .split(',')
    .map((part) => (part.split(';', 1)[0] ?? '').trim())
    .filter((part) => part !== '');
  const charsets = Array.from(text.matchAll(/;\s*charset\s*=\s*("[^"]*"?|[^\s;,]*)/g), (match) =>
    (match[1] ?? '').replaceAll('"', '').trim(),
  );
  return { mediaTypes, charsets };
}

/** JSON by name (RFC 8259) or by suffix (RFC 6839): a body that says so must be JSON. */
export function saysJson(mediaType: string): boolean {
  return /^[^/]+\/(?:[^/]+\+)?(?:json|jsonl|x-ndjson|ndjson)$/.test(mediaType);
}

/** The gap of a media type (lower case) whose content is not text; undefined for text and for what is not known. */
export function uninspectableGap(mediaType: string): GapKind | undefined {
  return UNINSPECTABLE.find(([prefix]) => mediaType.startsWith(prefix))?.[1];
}

/** The gap of a media type (lower case) that is made of parts which this version does not take apart. */
export function formatGap(mediaType: string): GapKind | undefined {
  if (mediaType.startsWith('multipart/')) return 'format:multipart';
  return mediaType === 'application/x-www-form-urlencoded' ? 'format:form' : undefined;
}
