import type { Content } from '../kernel/evaluation.js';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { decodeText, startsAsJson } from './charset.js';
import { decodeCodings, isCoded, looksCompressed } from './content-coding.js';
import { addDerivedText, addText, type Draft } from './draft.js';
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
  if (body.bytes.length > LIMITS.bodyBytesMax) {
    draft.gaps.add('body:too_large');
    return;
  }
  const coding = decodeCodings(body.bytes, body.contentEncoding);
  if ('gap' in coding) draft.gaps.add(coding.gap);
  const isDecoded = 'bytes' in coding;
  const bytes = isDecoded ? coding.bytes : body.bytes;
  const declared = parseContentType(body.contentType);
  const { text, asDeclared, gap } = decodeText(bytes, declared.charset);
  if (text === '') {
    addText(draft, '', '');
    return;
  }
  const typeGaps = gapsOfType(declared, bytes, text === undefined);
  for (const kind of typeGaps) draft.gaps.add(kind);
  if (gap !== undefined) draft.gaps.add(gap);
  else if (text === undefined && isDecoded) noteUndecodable(draft, bytes, typeGaps);
  if (text === undefined) return;
  const isDeclaredJson = isDecoded && declared.mediaTypes.some(saysJson);
  // Binary data may be valid UTF-8 by chance. In JSON a NUL is malformed anyway.
  if (!isDeclaredJson && gap === undefined && typeGaps.length === 0 && text.includes('\0')) {
    draft.gaps.add('body:undecodable');
  }
  if (isReadAsJson(text, isDeclaredJson)) readJsonBody(draft, text, isDeclaredJson);
  else readPlainText(draft, text, '');
  if (asDeclared !== undefined) addDerivedText(draft, asDeclared, '');
}

/** The text of a body that is read without a coding, and whether as JSON; undefined for any other. */
export function plainTextOf({
  bytes,
  contentType,
  contentEncoding,
}: Body): { text: string; isJson: boolean } | undefined {
  if (bytes.length > LIMITS.bodyBytesMax || isCoded(contentEncoding)) return undefined;
  const declared = parseContentType(contentType);
  const { text, asDeclared } = decodeText(bytes, declared.charset);
  if (text === undefined || asDeclared !== undefined) return undefined;
  return { text, isJson: isReadAsJson(text, declared.mediaTypes.some(saysJson)) };
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
  return gaps;
}

/** Bytes that are no text are a gap of their own, unless the headers say why; a lenient server reads broken JSON as JSON. */
function noteUndecodable(draft: Draft, bytes: Uint8Array, typeGaps: readonly GapKind[]): void {
  if (looksCompressed(bytes)) draft.gaps.add('uninspectable:binary');
  if (typeGaps.length === 0 || startsAsJson(bytes)) draft.gaps.add('body:undecodable');
}
