import type { Content } from '../kernel/evaluation.js';
import type { GapKind } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { decodeText, startsAsJson } from './charset.js';
import { decodeCodings, isCoded, looksCompressed } from './content-coding.js';
import { addDerivedText, addText, assignRole, type Draft, markDerived, readUnder } from './draft.js';
import { readFrames } from './grpc-body.js';
import { type DeclaredJson, readJsonBody } from './json-body.js';
import { beginsAsLenientJson, looksLikeJson } from './json-start.js';
import {
  type DeclaredType,
  framedType,
  parseContentType,
  saysProtobuf,
  UNTYPED,
  uninspectableGap,
} from './media-type.js';
import { splitMultipart } from './multipart.js';
import { readPlainText } from './plain-text.js';
import { readProtobuf } from './protobuf-text.js';
import { fieldPointer, readForm, readJoined } from './query.js';

type Body = Extract<Content, { kind: 'body' }>;

/**
 * Reads a request body. Headers can lie: they say how a body is unpacked and taken apart, but whatever text is in it is
 * judged, as JSON where it looks like JSON, and only the rest is left to the gaps. `decodedBytesMax`: what a coded body may unpack to, where that
 * is less than a body may have. Never throws.
 */
export function readBody(draft: Draft, body: Body, decodedBytesMax?: number): void {
  if (body.bytes.length > LIMITS.bodyBytesMax) {
    draft.gaps.add('body:too_large');
    return;
  }
  // Without a type, bytes are just that (RFC 9110 section 8.3).
  const declared = parseContentType(body.contentType.trim() || 'application/octet-stream');
  const coding = decodeCodings(body.bytes, body.contentEncoding, decodedBytesMax);
  if ('gap' in coding) {
    // What it really is, the headers do not say: judged as what it looks like.
    draft.gaps.add(coding.gap);
    readBytes(draft, body.bytes, { ...UNTYPED, charset: declared.charset }, true);
  } else if (coding.bytes.length > 0 && declared.says.multipart)
    readMultipart(draft, coding.bytes, body.contentType, declared);
  else if (declared.says.framed) readFramed(draft, coding.bytes, declared, body, decodedBytesMax);
  else if (declared.says.protobuf) readUnder(draft, 'proto:', () => readBytes(draft, coding.bytes, declared));
  else readBytes(draft, coding.bytes, declared);
}

/** The messages of a gRPC body, each as a body of its own; as plain text when they cannot be told apart. */
function readFramed(
  draft: Draft,
  bytes: Uint8Array,
  { mediaTypes }: DeclaredType,
  { messageEncoding = '' }: Body,
  decodedBytesMax?: number,
): void {
  const coding = { name: messageEncoding, decodedBytesMax };
  const isRead = mediaTypes.every((mediaType) => {
    const framed = framedType(mediaType);
    return (
      framed &&
      readFrames(draft, bytes, framed, coding, (message, type) => readBytes(draft, message, parseContentType(type)))
    );
  });
  if (isRead) return;
  draft.gaps.add('format:grpc');
  readBytes(draft, bytes, UNTYPED, true);
}

/** The parts of a multipart body, each as a body of its own under the name of its field; as plain text when they cannot be told apart. */
function readMultipart(draft: Draft, bytes: Uint8Array, contentType: string, { charset }: DeclaredType): void {
  // Some servers read parts that name no charset by that of the whole.
  if (charset === 'other') draft.gaps.add('charset:unknown');
  const parts = splitMultipart(bytes, contentType);
  if (!parts) {
    draft.gaps.add('format:multipart');
    readBytes(draft, bytes, UNTYPED, true);
    return;
  }
  const values: string[] = [];
  for (const [index, part] of parts.entries()) {
    const pointer = fieldPointer('form', part.name || String(index));
    if (part.disposition !== '') addText(draft, part.disposition, `${pointer}#`);
    const declared = parseContentType(part.contentType);
    if (declared.says.multipart) draft.gaps.add('format:multipart');
    // A field of this name changes how some servers read the others (RFC 7578 section 4.6).
    if (part.name === '_charset_') draft.gaps.add('charset:unknown');
    const start = draft.segments.length;
    readUnder(draft, pointer, () => readBytes(draft, part.bytes, declared));
    // Whoever fills a field in is a user, whatever it looks like.
    assignRole(draft, start, 'user');
    const [own] = draft.segments.slice(start, start + 1);
    if (own?.pointer === pointer) values.push(own.text);
  }
  readJoined(draft, values, 'form:');
}

/** `isSecondBest`: a gap says already that the bytes may be something else, so that no text in them is none of its own. */
function readBytes(draft: Draft, bytes: Uint8Array, declared: DeclaredType, isSecondBest = false): void {
  const { json, protobuf, form: isForm } = declared.says;
  if (protobuf) {
    if (!declared.mediaTypes.every(saysProtobuf) || !readProtobuf(draft, bytes)) {
      draft.gaps.add('format:protobuf');
      readBytes(draft, bytes, UNTYPED, true);
    }
    return;
  }
  const { text, asDeclared, gap } = decodeText(bytes, declared.charset, json !== undefined);
  if (text === '') {
    addText(draft, '', '');
    return;
  }
  const typeGaps = gapsOfType(declared, bytes, text === undefined);
  for (const kind of typeGaps) draft.gaps.add(kind);
  if (gap !== undefined) draft.gaps.add(gap);
  else if (text === undefined && !isSecondBest) noteUndecodable(draft, bytes, typeGaps);
  if (text === undefined) return;
  // Binary data may be valid UTF-8 by chance. In JSON a NUL is malformed anyway.
  if (!json && !isSecondBest && gap === undefined && typeGaps.length === 0 && text.includes('\0')) {
    draft.gaps.add('body:undecodable');
  }
  const looksJson = isReadAsJson(text, json);
  const isJson = looksJson && readJsonBody(draft, text, json);
  if (isForm) readFormToo(draft, text, isJson);
  else if (!looksJson) readPlainText(draft, text, '');
  if (asDeclared !== undefined && addDerivedText(draft, asDeclared, '') && isForm) readFormToo(draft, asDeclared, true);
}

/**
 * Clients that send JSON without saying so (curl) say that it is a form: then the fields are what else it may be read as.
 * `isDerived`: the text was added already.
 */
function readFormToo(draft: Draft, text: string, isDerived: boolean): void {
  if (isDerived && !/[&=%+]/.test(text)) return;
  const start = draft.segments.length;
  readForm(draft, text);
  if (isDerived) markDerived(draft, start);
}

/** The text of a body that is read without a coding, and whether as JSON; undefined for any other. */
export function plainTextOf({
  bytes,
  contentType,
  contentEncoding,
}: Body): { text: string; isJson: boolean } | undefined {
  if (bytes.length > LIMITS.bodyBytesMax || isCoded(contentEncoding)) return undefined;
  const declared = parseContentType(contentType);
  const { json, multipart, form, protobuf, framed } = declared.says;
  const { text, asDeclared } = decodeText(bytes, declared.charset, json !== undefined);
  if (text === undefined || asDeclared !== undefined || multipart || form || protobuf || framed) return undefined;
  return { text, isJson: isReadAsJson(text, json) };
}

function isReadAsJson(text: string, declared: DeclaredJson): boolean {
  return declared !== undefined || looksLikeJson(text) || beginsAsLenientJson(text);
}

const NONE: readonly GapKind[] = [];

/** What the Content-Type alone keeps from being read. */
function gapsOfType(declared: DeclaredType, bytes: Uint8Array, isBinary: boolean): readonly GapKind[] {
  if (!declared.says.bytes) return NONE;
  const gaps: GapKind[] = [];
  for (const mediaType of declared.mediaTypes) {
    const gap = uninspectableGap(mediaType);
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
