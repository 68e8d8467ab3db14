/** A JSON value as it was read: objects are Maps, so that no name can mean anything to JavaScript. */
export type Scanned = string | number | boolean | readonly Scanned[] | ReadonlyMap<string, Scanned>;

/** What is wrong with a text, and where (index of the character). */
export interface ScanFault {
  readonly at: number;
  readonly why: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BEGIN_ARRAY = 0x5b;
const END_ARRAY = 0x5d;
const BEGIN_OBJECT = 0x7b;
const END_OBJECT = 0x7d;
const DEPTH_MAX = 8;
/** RFC 8785 3.2.2.2: control characters have the short form where there is one, else lower-case hex; nothing else is escaped. */
const ESCAPED_STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])))*"/y;
/** A backslash, or a character below the space. */
const NEEDS_CARE = /\\|[^ -\uffff]/;
const INTEGER = /(?:0|-?[1-9][0-9]*)(?![0-9.eE])/y;
const ESCAPES = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Reads one object in canonical form (RFC 8785 without floats and null): names strictly ascending, so that none stands
 * twice, no white space, one way to write each string and each safe integer. Accepts nothing else. Never throws.
 * Lone surrogates cannot occur: the text comes from well-formed UTF-8, and their escapes are not canonical.
 */
export function scanCanonical(text: string): ReadonlyMap<string, Scanned> | ScanFault {
  const scanner = new Scanner(text);
  try {
    return scanner.document();
  } catch (reason) {
    if (reason instanceof Fault) return { at: reason.at, why: reason.why };
    throw reason;
  }
}

/** Leaves the recursion; never leaves this file. */
class Fault extends Error {
  readonly at: number;
  readonly why: string;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
    this.why = why;
  }
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): ReadonlyMap<string, Scanned> {
    if (this.#text.charCodeAt(0) !== BEGIN_OBJECT) this.#fail('is not an object');
    const members = this.#object(1);
    if (this.#at !== this.#text.length) this.#fail('goes on after its end');
    return members;
  }

  #value(depth: number): Scanned {
    switch (this.#text.charCodeAt(this.#at)) {
      case QUOTE:
        return this.#string();
      case BEGIN_OBJECT:
        return this.#object(depth + 1);
      case BEGIN_ARRAY:
        return this.#array(depth + 1);
      default:
        return this.#literal('true', true) ?? this.#literal('false', false) ?? this.#integer();
    }
  }

  #object(depth: number): ReadonlyMap<string, Scanned> {
    this.#enter(depth);
    const members = new Map<string, Scanned>();
    if (this.#skip(END_OBJECT)) return members;
    let before: string | undefined;
    for (;;) {
      const start = this.#at;
      const name = this.#string();
      // JavaScript compares strings by UTF-16 code units, which is the order of RFC 8785 3.2.3.
      if (before !== undefined && !(name > before)) {
        this.#fail(name === before ? 'has a name twice' : 'has names out of order', start);
      }
      if (!this.#skip(COLON)) this.#fail('has no colon here');
      members.set(name, this.#value(depth));
      before = name;
      if (this.#skip(END_OBJECT)) return members;
      if (!this.#skip(COMMA)) this.#fail('has neither a comma nor an end here');
    }
  }

  #array(depth: number): readonly Scanned[] {
    this.#enter(depth);
    const items: Scanned[] = [];
    if (this.#skip(END_ARRAY)) return items;
    for (;;) {
      items.push(this.#value(depth));
      if (this.#skip(END_ARRAY)) return items;
      if (!this.#skip(COMMA)) this.#fail('has neither a comma nor an end here');
    }
  }

  #string(): string {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== QUOTE) this.#fail('has no string here');
    const end = this.#text.indexOf('"', start + 1);
    const plain = this.#text.slice(start + 1, end);
    if (end > 0 && !NEEDS_CARE.test(plain)) {
      this.#at = end + 1;
      return plain;
    }
    ESCAPED_STRING.lastIndex = start;
    const match = ESCAPED_STRING.exec(this.#text)?.[0];
    if (match === undefined) this.#fail('has a string that is not in canonical form');
    this.#at = start + match.length;
    return match
      .slice(1, -1)
      .replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, hex: string | undefined, letter: string) =>
        hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES.get(letter) ?? letter),
      );
  }

  #integer(): number {
    INTEGER.lastIndex = this.#at;
    const match = INTEGER.exec(this.#text)?.[0];
    if (match === undefined) this.#fail('has a value here that the format does not know');
    const value = Number(match);
    if (!Number.isSafeInteger(value)) this.#fail('has an integer that is not safe');
    this.#at += match.length;
    return value;
  }

  #literal(word: string, value: boolean): boolean | undefined {
    if (!this.#text.startsWith(word, this.#at)) return undefined;
    this.#at += word.length;
    return value;
  }

  #enter(depth: number): void {
    if (depth > DEPTH_MAX) this.#fail('is nested too deeply');
    this.#at += 1;
  }

  #skip(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  #fail(why: string, at = this.#at): never {
    throw new Fault(at, why);
  }
}
