import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../kernel/limits.js';
import { createWireField, int64Of, readField, WIRE, type WireField } from '../kernel/protobuf-wire.js';
import { mediaGapOf } from './carried-bytes.js';
import { readDataUrls } from './data-urls.js';
import { addDerivedText, addText, type Draft, isFull } from './draft.js';
import { NUMBER_DIGITS_MIN } from './json-body.js';
import { readNestedJson } from './nested-json.js';
import { tensorTextsOf } from './tensor-text.js';

/**
 * Reads a protobuf message whose schema is not known (https://protobuf.dev/programming-guides/encoding/): every
 * length-delimited field that is valid UTF-8 is a segment, what it says as a message is read too, and so are long
 * integers. Which of these are text only the schema says, so that there is always a gap. Pointers are the numbers of
 * fields. False when the bytes are no message; then nothing was added. Groups, which no API of today has, are not read.
 */
export function readProtobuf(draft: Draft, bytes: Uint8Array): boolean {
  if (!isMessage(bytes)) return false;
  if (bytes.length > 0) draft.gaps.add('uninspectable:protobuf');
  readFields(draft, bytes, { pointer: '', depth: 1, isDerived: false });
  return true;
}

function isMessage(bytes: Uint8Array): boolean {
  const field = createWireField();
  for (let at = 0; at < bytes.length; at = field.to) if (!readField(bytes, at, bytes.length, field)) return false;
  return true;
}

/** Where fields are read, and whether their text stands in a text that was added already. */
interface Around {
  readonly pointer: string;
  readonly depth: number;
  readonly isDerived: boolean;
}

function readFields(draft: Draft, bytes: Uint8Array, around: Around): void {
  const counts = new Map<number, number>();
  const field = createWireField();
  for (let at = 0; at < bytes.length; at = field.to) {
    if (isFull(draft)) return void draft.gaps.add('json:too_many_segments');
    readField(bytes, at, bytes.length, field);
    const count = counts.get(field.number) ?? 0;
    counts.set(field.number, count + 1);
    const pointer = `${around.pointer}/${field.number}${count === 0 ? '' : `.${count}`}`;
    const place = pointer.length <= LIMITS.pointerCharsMax ? { ...around, pointer } : around;
    if (field.type === WIRE.varint) readInteger(draft, bytes, field, place);
    else if (field.type === WIRE.bytes) readValue(draft, bytes.subarray(field.from, field.to), place);
  }
}

/** What a length-delimited field holds: a text, a message, or either; packed numbers may look like both. */
function readValue(draft: Draft, value: Uint8Array, place: Around): void {
  if (value.length === 0) return;
  const text = textOf(value);
  for (const one of text === undefined ? (tensorTextsOf(value) ?? []) : [text])
    if (!readText(draft, one, place)) return;
  if (!isMessage(value)) {
    const media = text === undefined ? mediaGapOf(value) : undefined;
    if (media !== undefined) draft.gaps.add(media);
  } else if (place.depth >= LIMITS.protobufDepthMax) draft.gaps.add('format:protobuf');
  else readFields(draft, value, { ...place, depth: place.depth + 1, isDerived: text !== undefined || place.isDerived });
}

/** False when there is room for no more. */
function readText(draft: Draft, text: string, place: Around): boolean {
  if (isFull(draft)) draft.gaps.add('json:too_many_segments');
  if (isFull(draft) || !add(draft, text, place)) return false;
  readNestedJson(draft, text, place.pointer);
  readDataUrls(draft, text, place.pointer);
  return true;
}

function readInteger(draft: Draft, bytes: Uint8Array, field: WireField, place: Around): void {
  const length = field.to - field.from;
  // Two bytes hold no number that is long enough; negative ones take ten.
  if (length < 3 || length === 10) return;
  const digits = String(length < 8 ? int64Of(bytes, field) : bigIntOf(bytes, field));
  if (digits.length >= NUMBER_DIGITS_MIN) add(draft, digits, place);
}

function bigIntOf(bytes: Uint8Array, { from, to }: WireField): bigint {
  let value = 0n;
  for (let at = to - 1; at >= from; at--) value = (value << 7n) | BigInt((bytes[at] ?? 0) & 0x7f);
  return value;
}

function add(draft: Draft, text: string, { pointer, isDerived }: Around): boolean {
  if (isDerived) return addDerivedText(draft, text, pointer);
  addText(draft, text, pointer);
  return true;
}

/** Undefined for bytes that are no text, without an exception: a hostile message may have ten million such fields. */
function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : undefined;
}
