import type { GapKind } from '../kernel/gap.js';

/** How files begin, as Latin-1, by what is in them. */
const MAGIC: readonly (readonly [start: RegExp, gap: GapKind])[] = [
  [/^%PDF-/, 'uninspectable:pdf'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|BM|II\*\0|MM\0\*|.{4}ftyp(?:avif|heic|mif1))/s, 'uninspectable:image'],
  [/^(?:RIFF.{4}WAVE|ID3|OggS|fLaC|#!AMR|.{4}ftypM4A)/s, 'uninspectable:audio'],
  [/^(?:.{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI)/s, 'uninspectable:video'],
];
/** No file of any of these is shorter. */
const MAGIC_BYTES = 16;

/** The gap of bytes that begin like a file of images, sound, film or pages; undefined for any others. */
export function mediaGapOf(bytes: Uint8Array): GapKind | undefined {
  if (bytes.length < MAGIC_BYTES) return undefined;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, MAGIC_BYTES).toString('latin1');
  return MAGIC.find(([magic]) => magic.test(start))?.[1];
}
