import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';

/** Undoes one coding. Throws for bytes that are not so coded, or that hold anything else. */
type Decoder = (bytes: Uint8Array, decodedBytesMax: number) => Buffer;

/** What Node gives with `info: true`, which its types do not know. */
interface Decompressed {
  readonly buffer: Buffer;
  /** Bytes of the input that were used: those of the first stream, whatever follows. */
  readonly engine: { readonly bytesWritten: number };
}

/** Content codings by name (RFC 9110 section 8.4.1); `x-gzip` is an older name of `gzip` (8.4.1.3). */
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', (bytes, max) => whole(bytes, brotliDecompressSync(bytes, options(bytes.length, max)))],
  [
    'zstd',
    (bytes, max) => whole(bytes, zstdDecompressSync(bytes, { ...options(bytes.length, max), params: ZSTD_WINDOW })),
  ],
]);

/** RFC 9659: a decoder of web content need not keep a larger window than 8 MiB. */
const ZSTD_WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 };

/** First bytes of compressed data: gzip (RFC 1952 section 2.3.1) and zstd (RFC 8878 section 3.1.1). */
const MAGIC_BYTES: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** Whether a Content-Encoding header names a coding that changes the bytes. */
export function isCoded(contentEncoding: string): boolean {
  return contentEncoding !== '' && codingsOf(contentEncoding).length > 0;
}

/**
 * The bytes of a body with its content codings undone, in the reverse of the order in which the header lists them; a gap
 * when that cannot be done, or when two readers would get different bytes: what follows the end of a stream (more
 * members of gzip, more frames, anything) is read by some and left by others. Bounded in layers, size (`bytesMax`) and
 * ratio.
 */
export function decodeCodings(
  bytes: Uint8Array,
  contentEncoding: string,
  bytesMax: number = LIMITS.bodyBytesMax,
): { bytes: Uint8Array } | { gap: GapKind } {
  const codings = codingsOf(contentEncoding);
  if (codings.length > LIMITS.codingsMax) return { gap: 'coding:stacked' };
  let decoded = bytes;
  for (const coding of codings.reverse()) {
    const decode = DECODERS.get(coding);
    if (!decode) return { gap: 'coding:unknown' };
    try {
      decoded = decode(decoded, Math.min(bytesMax, decodedBytesMax(decoded.length)));
    } catch (error) {
      return { gap: isTooLarge(error) ? 'coding:too_large' : 'coding:malformed' };
    }
  }
  return { bytes: decoded };
}

/** Whether bytes are compressed, whatever the headers say. */
export function looksCompressed(bytes: Uint8Array): boolean {
  return MAGIC_BYTES.some((magic) => magic.every((byte, index) => bytes[index] === byte));
}

function codingsOf(contentEncoding: string): string[] {
  if (contentEncoding === '') return [];
  const named = contentEncoding.toLowerCase().split(',');
  return named.map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity');
}

function decodedBytesMax(codedBytes: number): number {
  const byRatio = Math.max(LIMITS.codingBytesFree, codedBytes * LIMITS.codingRatioMax);
  return Math.min(byRatio, LIMITS.bodyBytesMax);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

/** Larger pieces than Node's 16 KiB where the body is large: one of megabytes would be put together from thousands. */
const CHUNK_BYTES_MAX = 256 * 1024;
const CHUNK_BYTES = 16 * 1024;
/** Node refuses smaller ones. */
const CHUNK_BYTES_MIN = 64;
/** So many times its size text unpacks to. */
const USUAL_RATIO = 4;

function options(codedBytes: number, decodedBytesMax: number) {
  const usual = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES, codedBytes * USUAL_RATIO));
  return {
    info: true,
    maxOutputLength: decodedBytesMax,
    chunkSize: Math.max(CHUNK_BYTES_MIN, Math.min(usual, decodedBytesMax)),
  };
}

function whole(bytes: Uint8Array, decompressed: unknown): Buffer {
  const { buffer, engine } = decompressed as Decompressed;
  if (engine.bytesWritten !== bytes.length) throw new Error('more bytes follow the coded ones');
  return buffer;
}

/** Node reads all members of a file (RFC 1952 section 2.2); the size that the last one ends with tells a single one. */
function gunzip(bytes: Uint8Array, max: number): Buffer {
  const decoded = whole(bytes, gunzipSync(bytes, options(bytes.length, max)));
  const lastSize = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4, true);
  if (lastSize !== decoded.length) throw new Error('more than one member');
  return decoded;
}

/** Some senders leave out the wrapper that the coding has (RFC 9110 section 8.4.1.2), and receivers take both. */
function inflate(bytes: Uint8Array, max: number): Buffer {
  const [first = 0, second = 0] = bytes;
  const isWrapped = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return whole(
    bytes,
    isWrapped ? inflateSync(bytes, options(bytes.length, max)) : inflateRawSync(bytes, options(bytes.length, max)),
  );
}
