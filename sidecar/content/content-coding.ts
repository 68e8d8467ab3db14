import type { GapKind } from '../kernel/gap.js';

/** Content codings (RFC 9110 section 8.4.1) by name; `x-gzip` is an older name of `gzip` (8.4.1.3). */
const GAP_OF_CODING: ReadonlyMap<string, GapKind> = new Map<string, GapKind>([
  ['gzip', 'coding:gzip'],
  ['x-gzip', 'coding:gzip'],
  ['deflate', 'coding:deflate'],
  ['br', 'coding:br'],
  ['zstd', 'coding:zstd'],
]);

/** First bytes of compressed data: gzip (RFC 1952 section 2.3.1) and zstd (RFC 8878 section 3.1.1). */
const MAGIC_BYTES: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** The gap of a Content-Encoding header; undefined when the body is not coded. */
export function codingGap(contentEncoding: string): GapKind | undefined {
  if (contentEncoding === '') return undefined;
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [first] = codings;
  if (first === undefined) return undefined;
  return codings.length > 1 ? 'coding:stacked' : (GAP_OF_CODING.get(first) ?? 'coding:unknown');
}

/** Whether bytes are compressed, whatever the headers say. */
export function looksCompressed(bytes: Uint8Array): boolean {
  return MAGIC_BYTES.some((magic) => magic.every((byte, index) => bytes[index] === byte));
}
