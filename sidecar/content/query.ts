import { LIMITS } from '../kernel/limits.js';
import { addText, type Draft, isFull } from './draft.js';
import { pointerToken } from './json-pointer.js';
import { readPlainText } from './nested-json.js';
import { decodeQueryComponent } from './percent.js';

/**
 * Reads a raw query string: the name of every parameter and its value are segments, decoded. The value of a credential
 * carrier is not content. `credentialNames` holds lower-case names; one that ends in `*` stands for all that start so.
 */
export function readQuery(draft: Draft, raw: string, credentialNames: ReadonlySet<string>): void {
  for (let start = 0; start < raw.length; ) {
    if (isFull(draft)) {
      draft.gaps.add('json:too_many_segments');
      return;
    }
    const end = indexOrEnd(raw, '&', start);
    if (end > start) readParameter(draft, raw.slice(start, end), credentialNames);
    start = end + 1;
  }
}

function readParameter(draft: Draft, parameter: string, credentialNames: ReadonlySet<string>): void {
  const equals = indexOrEnd(parameter, '=', 0);
  const name = decodeQueryComponent(parameter.slice(0, equals));
  const pointer = `query:/${pointerToken(name.slice(0, LIMITS.pointerCharsMax).toWellFormed())}`;
  addText(draft, name, `${pointer}#`);
  if (equals === parameter.length || isCredential(name.toLowerCase(), credentialNames)) return;
  readPlainText(draft, decodeQueryComponent(parameter.slice(equals + 1)), pointer);
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
