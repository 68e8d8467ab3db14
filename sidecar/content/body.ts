import type { Content } from '../kernel/evaluation.js';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { decodeUtf8, isWideText, startsAsJson } from './charset.js';
import { codingGap, looksCompressed } from './content-coding.js';
import { addText, type Draft } from './draft.js';
import { readJsonBody } from './json-body.js';
import { beginsAsLenientJson, looksLikeJson } from './json-start.js';
import { type DeclaredType, formatGap, parseContentType, saysJson, uninspectableGap } from './media-type.js';
import { readPlainText } from './nested-json.js';

type Body = Extract<Content, { kind: 'body' }>;

/**
 * Reads a request body. Headers can lie, so they only add gaps: whatever is valid UTF-8 is judged, as JSON where it
 * looks like JSON, and only the rest is left to the gaps. Never throws.
 */
export function readBody(draft: Draft, body: Body): void {
  const { bytes } = body;
  if (bytes.length > LIMITS.bodyBytesMax) {
    draft.gaps.add('body:too_large');
    return;
  }
  const declared = parseContentType(body.contentType);
  const text = decodeUtf8(bytes);
  if (text === '') {
    addText(draft, '', '');
    return;
  }
  const coding = codingGap(body.contentEncoding);
  const typeGaps = gapsOfType(declared, bytes, text === undefined);
  if (coding !== undefined) draft.gaps.add(coding);
  for (const gap of typeGaps) draft.gaps.add(gap);
  const isWide = isWideText(bytes);
  if (isWide) draft.gaps.add('charset:unknown');
  else if (text === undefined) noteUndecodable(draft, bytes, coding, typeGaps);
  if (text === undefined) return;
  const isDeclaredJson = coding === undefined && declared.mediaTypes.some(saysJson);
  // ASCII with a NUL beside each letter is UTF-16, and valid UTF-8. In JSON a NUL is malformed anyway.
  if (!isDeclaredJson && !isWide && typeGaps.length === 0 && text.includes('\0')) draft.gaps.add('body:undecodable');
  if (isReadAsJson(text, isDeclaredJson)) readJsonBody(draft, text, isDeclaredJson);
  else readPlainText(draft, text, '');
}

/** The text of a body that is read without a coding, and whether as JSON; undefined for any other. */
export function plainTextOf({
  bytes,
  contentType,
  contentEncoding,
}: Body): { text: string; isJson: boolean } | undefined {
  if (bytes.length > LIMITS.bodyBytesMax || codingGap(contentEncoding) !== undefined) return undefined;
  const text = decodeUtf8(bytes);
  const isDeclaredJson = parseContentType(contentType).mediaTypes.some(saysJson);
  return text === undefined ? undefined : { text, isJson: isReadAsJson(text, isDeclaredJson) };
}

function isReadAsJson(text: string, isDeclared: boolean): boolean {
  return isDeclared || looksLikeJson(text) || beginsAsLenientJson(text);
}

/** What the Content-Type alone keeps from being read. */
function gapsOfType(declared: DeclaredType, bytes: Uint8Array, isBinary: boolean): readonly GapKind[] {
  const gaps: GapKind[] = [];
  for (const mediaType of declared.mediaTypes) {
    const gap = formatGap(mediaType) ?? uninspectableGap(mediaType);
    if (gap !== undefined) gaps.push(gap);
    else if (mediaType === 'application/octet-stream' && (isBinary || bytes.includes(0)))
      gaps.push('uninspectable:binary');
  }
  if (declared.hasOtherCharset) gaps.push('charset:unknown');
  return gaps;
}

/** Bytes that are no text are a gap of their own, unless the headers say why; a lenient server reads broken JSON as JSON. */
function noteUndecodable(
  draft: Draft,
  bytes: Uint8Array,
  coding: GapKind | undefined,
  typeGaps: readonly GapKind[],
): void {
  if (coding !== undefined) return;
  if (looksCompressed(bytes)) draft.gaps.add('uninspectable:binary');
  if (typeGaps.length === 0 || startsAsJson(bytes)) draft.gaps.add('body:undecodable');
}
