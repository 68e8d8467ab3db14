import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createWireField, readField, WIRE, type WireField } from '../../sidecar/kernel/protobuf-wire.js';
import { createEntry, readEntry } from './http-fields.js';

/** What is said under our names, by key; undefined = something that is neither text nor a list of texts. */
export type OwnWords = ReadonlyMap<string, string | undefined>;

/** Nothing is said. */
export const NO_WORDS: OwnWords = new Map();

/** The namespace of metadata that is ours. */
const NAMESPACE = 'jimini';
const FILTER_METADATA = 1;
const TYPED_FILTER_METADATA = 2;

/**
 * Reads our namespace of a `config.core.v3.Metadata`, under the keys that `context_extensions` have: `tenant` becomes
 * `jimini.tenant`. A list of texts is told as one with commas. What is typed there is told as a key that nobody knows.
 * Undefined when a key occurs twice or a field that occurs at most once does, as decoders disagree on which one counts.
 */
export function readOwnMetadata(buffer: Buffer, message: WireField): OwnWords | undefined {
  if (message.from === message.to) return NO_WORDS;
  const words = new Map<string, string | undefined>();
  const entry = createEntry();
  let isSeen = false;
  for (const field of fieldsOf(buffer, message)) {
    if (field === undefined) return undefined;
    if (field.type !== WIRE.bytes || field.number > TYPED_FILTER_METADATA) continue;
    if (!readEntry(buffer, field, entry)) return undefined;
    if (buffer.toString('utf8', entry.keyFrom, entry.keyTo) !== NAMESPACE) continue;
    if (field.number === TYPED_FILTER_METADATA) words.set(`${NAMESPACE}.@type`, undefined);
    if (field.number !== FILTER_METADATA) continue;
    if (isSeen || !readStruct(buffer, { from: entry.valueFrom, to: entry.valueTo }, words)) return undefined;
    isSeen = true;
  }
  return words;
}

type Range = Pick<WireField, 'from' | 'to'>;

/** `google.protobuf.Struct`: a map of values in field 1. More keys than there can be of ours are one that nobody knows. */
function readStruct(buffer: Buffer, message: Range, words: Map<string, string | undefined>): boolean {
  const entry = createEntry();
  for (const field of fieldsOf(buffer, message)) {
    if (field === undefined) return false;
    if (field.number !== 1 || field.type !== WIRE.bytes) continue;
    if (!readEntry(buffer, field, entry)) return false;
    const isMore = words.size >= LIMITS.contextWordsMax;
    const key = `${NAMESPACE}.${isMore ? '@more' : buffer.toString('utf8', entry.keyFrom, entry.keyTo)}`;
    if (words.has(key)) return false;
    words.set(key, isMore ? undefined : textOf(buffer, { from: entry.valueFrom, to: entry.valueTo }));
    if (isMore) return true;
  }
  return true;
}

/** `google.protobuf.Value`: one of its fields, of which `string_value` 3 and `list_value` 6 can be text. */
function textOf(buffer: Buffer, message: Range): string | undefined {
  const value = onlyFieldOf(buffer, message);
  if (value?.number === STRING_VALUE) return buffer.toString('utf8', value.from, value.to);
  return value?.number === LIST_VALUE ? listOf(buffer, value) : undefined;
}

const STRING_VALUE = 3;
const LIST_VALUE = 6;

/** `google.protobuf.ListValue`: values in field 1. */
function listOf(buffer: Buffer, message: Range): string | undefined {
  const texts: string[] = [];
  for (const item of fieldsOf(buffer, message)) {
    const value = item?.number === 1 && item.type === WIRE.bytes ? onlyFieldOf(buffer, item) : undefined;
    if (value?.number !== STRING_VALUE || texts.length >= LIMITS.contextValueCharsMax) return undefined;
    texts.push(buffer.toString('utf8', value.from, value.to));
  }
  return texts.join(',');
}

/** The one field of a message, if it has one and that holds bytes. */
function onlyFieldOf(buffer: Buffer, message: Range): WireField | undefined {
  const field = createWireField();
  const isOnly = readField(buffer, message.from, message.to, field) && field.to === message.to;
  return isOnly && field.type === WIRE.bytes ? field : undefined;
}

/** The fields of a message, each an object of its own; undefined, at the end, for what is none. */
function* fieldsOf(buffer: Buffer, message: Range): Generator<WireField | undefined> {
  for (let at = message.from; at < message.to; ) {
    const field = createWireField();
    const isField = readField(buffer, at, message.to, field);
    yield isField ? field : undefined;
    if (!isField) return;
    at = field.to;
  }
}
