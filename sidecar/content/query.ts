import { LIMITS } from '../kernel/limits.js';
import { addGuessedText, addScatteredText, addText, type Draft, isFull } from './draft.js';
import { pointerToken } from './json-pointer.js';
import { decodeQueryComponent, isUtf8Percent } from './percent.js';
import { readPlainText } from './plain-text.js';
import { textsOfPieces } from './scattered-text.js';
import { textOfSlug } from './slug-text.js';

/**
 * Reads a raw query string: the name of every parameter and its value are segments, decoded. The value of a credential
 * carrier is not content, unless white space stands in it: then it is no credential. What reads as a sentence all the same, or as
 * the groups of a number, is judged as such. `credentialNames` holds lower-case names; one that ends in `*` stands for all that start so.
 */
export function readQuery(draft: Draft, raw: string, credentialNames: ReadonlySet<string>): void {
  const isSecret = (name: string, value: string) =>
    isCredential(name.toLowerCase(), credentialNames) && !/\s/.test(value.trim());
  readParameters(draft, raw, 'query', isSecret);
  if (/(?:^|&)message=/.test(raw) && /(?:^|&)encoding=/.test(raw)) noteConnectMessage(draft, new URLSearchParams(raw));
}

/**
 * A call of Connect by GET holds its message in the query (connectrpc.com/docs/protocol, Unary-Get-Request). As JSON it is read like
 * any parameter; compressed it is not, and of protobuf only what looks like text is.
 */
function noteConnectMessage(draft: Draft, parameters: URLSearchParams): void {
  const compression = parameters.getAll('compression').join();
  const [encoding = '', ...others] = parameters.getAll('encoding');
  if (compression !== '' && compression !== 'identity') draft.gaps.add('format:grpc');
  else if (others.length > 0) draft.gaps.add('format:grpc');
  else if (encoding !== 'json') draft.gaps.add('uninspectable:protobuf');
}

/**
 * Reads a body that a form is sent as (WHATWG URL section 5.1), which is written like a query string. All of it is
 * content. Bytes that are no UTF-8 are a gap, as is the field that tells servers of another charset (HTML section 4.10.22.5).
 */
export function readForm(draft: Draft, text: string): void {
  if (!isUtf8Percent(text) || /(?:^|&)_charset_=/i.test(text)) draft.gaps.add('charset:unknown');
  readParameters(draft, text, 'form', () => false);
}

/** Where the value of a parameter or field stands: see `Segment.pointer`. Of a long name only the start is in it. */
export function fieldPointer(scheme: 'query' | 'form', name: string): string {
  const start = `${scheme}:/`;
  const room = LIMITS.pointerCharsMax - start.length;
  const token = pointerToken(name.slice(0, room).toWellFormed());
  // Not within `~0` or `~1`.
  return `${start}${token.length > room ? token.slice(0, room).replace(/~$/, '') : token}`;
}

function readParameters(
  draft: Draft,
  raw: string,
  scheme: 'query' | 'form',
  isSecret: (name: string, value: string) => boolean,
): void {
  const values: string[] = [];
  for (let start = 0; start < raw.length; ) {
    if (isFull(draft)) {
      draft.gaps.add('json:too_many_segments');
      return;
    }
    const end = indexOrEnd(raw, '&', start);
    if (end > start) {
      const parameter = raw.slice(start, end);
      const equals = indexOrEnd(parameter, '=', 0);
      const name = decodeQueryComponent(parameter.slice(0, equals));
      const pointer = fieldPointer(scheme, name);
      addText(draft, name, `${pointer}#`);
      const value = decodeQueryComponent(parameter.slice(equals + 1));
      if (equals < parameter.length && isSecret(name, value)) readSlug(draft, value, pointer);
      else if (equals < parameter.length) {
        readPlainText(draft, value, pointer);
        values.push(value);
      }
    }
    start = end + 1;
  }
  readJoined(draft, values, `${scheme}:`);
}

/** Adds what a value says that should be a name or a key; see `textOfSlug`. */
export function readSlug(draft: Draft, value: string, pointer: string): void {
  const text = textOfSlug(value);
  if (text !== undefined) addGuessedText(draft, text, pointer);
}

/** Adds what the values of fields in a row say together, if they look like pieces of one text. */
export function readJoined(draft: Draft, values: readonly string[], pointer: string): void {
  for (const text of textsOfPieces(values)) addScatteredText(draft, text, pointer, false);
}

function isCredential(name: string, credentialNames: ReadonlySet<string>): boolean {
  if (credentialNames.has(name)) return true;
  for (const pattern of credentialNames) {
    if (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

function indexOrEnd(text: string, mark: string, start: number): number {
  const index = text.indexOf(mark, start);
  return index < 0 ? text.length : index;
}
