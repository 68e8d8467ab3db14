import { LIMITS } from '../kernel/limits.js';
import type { BoundedPointer } from './json-pointer.js';
import { type JsonScanner, readLiteral, readNumber, readString, skipSpace } from './json-scanner.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;
const OBJECT_OPEN = 0x7b;
const OBJECT_CLOSE = 0x7d;
/** Up to this many names of one object are compared one by one; a Set costs more than it saves below it. */
const NAMES_IN_LIST_MAX = 16;

/** An object or array that is being read, with its place in the text. */
export interface JsonPlace {
  readonly parent: JsonPlace | undefined;
  readonly isArray: boolean;
  /** 1 for the outermost container. */
  readonly depth: number;
  /** Decoded name, or index, of this container in its parent; empty for the outermost one. */
  readonly name: string | number;
  /** Decoded name of the member, or index of the element, that is being read. */
  member: string | number;
  /** Names met so far; undefined for arrays. */
  names: string[] | Set<string> | undefined;
  /** Kept by json-pointer; undefined until somebody asks. */
  pointer: BoundedPointer | undefined;
  /** Likewise, for the member that is being read. */
  memberPointer: string | undefined;
}

/**
 * Hears of everything in a JSON text, in the order of the text. `place.member` says where a key or value stands in the
 * value, `at` where its literal begins in the text.
 */
export interface JsonVisitor {
  enter(place: JsonPlace): void;
  leave(place: JsonPlace): void;
  /** The name of a member, before its value. */
  key(place: JsonPlace, name: string, at: number): void;
  /** A decoded string value; `place` is undefined when it is the whole text. */
  string(place: JsonPlace | undefined, text: string, at: number): void;
  /** The literal text of a number. */
  number(place: JsonPlace | undefined, literal: string, at: number): void;
  /** The same name again in one object; its value is read all the same. */
  duplicate(): void;
  /** Asked before each container, key and value: true ends the walk. */
  full(): boolean;
}

/** How a walk ended: anything but `complete` leaves a rest that was not read. */
export type JsonWalkEnd = 'complete' | 'malformed' | 'depth' | 'full';

/**
 * Walks a JSON text (RFC 8259, nothing beyond it) without recursion and without building its value, so that no depth
 * overflows a stack and no name meets a prototype. Time and memory are linear in the text. Never throws.
 */
export function walkJson(text: string, visitor: JsonVisitor): JsonWalkEnd {
  const scanner: JsonScanner = { text, at: 0 };
  let place: JsonPlace | undefined;
  for (;;) {
    if (visitor.full()) return 'full';
    const unit = skipSpace(scanner);
    if (unit === OBJECT_OPEN || unit === ARRAY_OPEN) {
      if (place !== undefined && place.depth >= LIMITS.jsonDepthMax) return 'depth';
      scanner.at++;
      place = openPlace(place, unit === ARRAY_OPEN);
      visitor.enter(place);
      const empty = skipSpace(scanner) === (place.isArray ? ARRAY_CLOSE : OBJECT_CLOSE);
      if (!empty) {
        if (!place.isArray && !readName(scanner, place, visitor)) return 'malformed';
        continue;
      }
    } else if (!readScalar(scanner, unit, place, visitor)) {
      return 'malformed';
    }
    const next = afterValue(scanner, place, visitor);
    if (typeof next === 'string') return next;
    place = next;
  }
}

/** Closes what ends here and moves on to the next value; gives its place, or how the walk ended. */
function afterValue(scanner: JsonScanner, from: JsonPlace | undefined, visitor: JsonVisitor): JsonPlace | JsonWalkEnd {
  let place = from;
  for (;;) {
    const unit = skipSpace(scanner);
    if (place === undefined) return scanner.at === scanner.text.length ? 'complete' : 'malformed';
    scanner.at++;
    if (unit === COMMA) {
      if (typeof place.member !== 'number') return readName(scanner, place, visitor) ? place : 'malformed';
      place.member++;
      place.memberPointer = undefined;
      return place;
    }
    if (unit !== (place.isArray ? ARRAY_CLOSE : OBJECT_CLOSE)) return 'malformed';
    visitor.leave(place);
    place = place.parent;
  }
}

function openPlace(parent: JsonPlace | undefined, isArray: boolean): JsonPlace {
  return {
    parent,
    isArray,
    depth: parent === undefined ? 1 : parent.depth + 1,
    name: parent === undefined ? '' : parent.member,
    member: isArray ? 0 : '',
    names: isArray ? undefined : [],
    pointer: undefined,
    memberPointer: undefined,
  };
}

/** Reads `"name":` of the next member. */
function readName(scanner: JsonScanner, place: JsonPlace, visitor: JsonVisitor): boolean {
  if (skipSpace(scanner) !== QUOTE) return false;
  const { at } = scanner;
  const name = readString(scanner);
  if (name === undefined || skipSpace(scanner) !== COLON) return false;
  scanner.at++;
  place.member = name;
  place.memberPointer = undefined;
  if (isRepeated(place, name)) visitor.duplicate();
  visitor.key(place, name, at);
  return true;
}

function isRepeated(place: JsonPlace, name: string): boolean {
  const { names } = place;
  if (names instanceof Set) return names.size === names.add(name).size;
  if (names === undefined) return false;
  if (names.includes(name)) return true;
  names.push(name);
  if (names.length > NAMES_IN_LIST_MAX) place.names = new Set(names);
  return false;
}

function readScalar(scanner: JsonScanner, unit: number, place: JsonPlace | undefined, visitor: JsonVisitor): boolean {
  const { at } = scanner;
  if (unit === QUOTE) {
    const text = readString(scanner);
    if (text === undefined) return false;
    visitor.string(place, text, at);
    return true;
  }
  if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) {
    const literal = readNumber(scanner);
    if (literal === undefined) return false;
    visitor.number(place, literal, at);
    return true;
  }
  return readLiteral(scanner);
}
