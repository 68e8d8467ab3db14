import { isUtf8 } from 'node:buffer';
import type { GapKind } from '../kernel/gap.js';
import { decodeText } from './charset.js';
import { addDerivedText, type Draft } from './draft.js';
import { parseContentType, uninspectableGap } from './media-type.js';
import { readNestedJson } from './nested-json.js';

/** How files begin, as Latin-1, by what is in them. */
const MAGIC: readonly (readonly [start: RegExp, gap: GapKind])[] = [
  [/^%PDF-/, 'uninspectable:pdf'],
  [
    /^(?:\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM.{4}\0{4}|II\*\0|MM\0\*|.{4}ftyp(?:avif|heic|mif1))/s,
    'uninspectable:image',
  ],
  [/^(?:RIFF.{4}WAVE|ID3[\x02-\x04]|OggS\0|fLaC\0|#!AMR|.{4}ftypM4A)/s, 'uninspectable:audio'],
  [/^(?:.{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI)/s, 'uninspectable:video'],
];
/** No file of any of these is shorter. */
const MAGIC_BYTES = 16;

/** A string that begins as files of `MAGIC` do in base64, and is base64 for a while. */
const BASE64_OF_MAGIC =
  /^(?:JVBERi|iVBORw|\/9j\/|R0lGOD|UklGR|Qk|SUkqA|TU0AK|AAAA..Z0eX|SUQz|T2dnUw|ZkxhQ|IyFBTV|GkXfo)[A-Za-z0-9+/]{40}/;
const BASE64_OF_MAGIC_CHARS = 48;

const NO_BASE64 = /[^A-Za-z0-9+/_-]/;

/** The gap of bytes that begin like a file of images, sound, film or pages; undefined for any others. */
export function mediaGapOf(bytes: Uint8Array): GapKind | undefined {
  if (bytes.length < MAGIC_BYTES) return undefined;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, MAGIC_BYTES).toString('latin1');
  return MAGIC.find(([magic]) => magic.test(start))?.[1];
}

/** The same of a string that holds such a file in base64, wherever it stands. */
export function base64MediaGapOf(text: string): GapKind | undefined {
  return text.length >= BASE64_OF_MAGIC_CHARS && BASE64_OF_MAGIC.test(text)
    ? mediaGapOf(Buffer.from(text.slice(0, 32), 'base64'))
    : undefined;
}

/**
 * Reads a file that stands in a string as base64: a text is judged decoded, anything else is named, by its type, by how it
 * begins or as binary. `type`: a Content-Type, empty when none is stated.
 */
export function readBase64(draft: Draft, base64: string, type: string, pointer: string): void {
  const packed = base64.replaceAll(/\s/g, '');
  if (isBase64(packed)) readCarriedBytes(draft, Buffer.from(packed, 'base64'), type, pointer);
  else draft.gaps.add(uninspectableGap(type.toLowerCase()) ?? 'uninspectable:binary');
}

/** Reads the bytes of a file that stands in a string; see `readBase64`. */
export function readCarriedBytes(draft: Draft, bytes: Uint8Array, type: string, pointer: string): void {
  const declared = parseContentType(type);
  const gap = declared.mediaTypes.map(uninspectableGap).find((kind) => kind !== undefined) ?? mediaGapOf(bytes);
  if (gap !== undefined) draft.gaps.add(gap);
  // Of images, SVG is text.
  if (gap !== undefined && !isUtf8(bytes)) return;
  const decoded = decodeText(bytes, declared.charset, declared.says.json !== undefined);
  if (decoded.text === undefined || decoded.text.includes('\0')) draft.gaps.add(gap ?? 'uninspectable:binary');
  else if (decoded.gap !== undefined) draft.gaps.add(decoded.gap);
  for (const text of [decoded.text, decoded.asDeclared]) {
    if (text && addDerivedText(draft, text, pointer)) readNestedJson(draft, text, pointer);
  }
}

/** Base64 in either alphabet, without white space. A search, because a pattern over all of a long text needs too much stack. */
function isBase64(text: string): boolean {
  const end = text.search(NO_BASE64);
  const letters = end < 0 ? text.length : end;
  // One letter behind whole groups of four holds no byte.
  return letters % 4 !== 1 && ['', '=', '=='].includes(text.slice(letters));
}
