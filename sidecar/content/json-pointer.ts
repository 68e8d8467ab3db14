import { LIMITS } from '../kernel/limits.js';
import type { JsonPlace } from './json-walk.js';

/** A pointer that may have been cut short; `cut` = it stands for a container around the place that was meant. */
export interface BoundedPointer {
  readonly text: string;
  readonly cut: boolean;
}

/** Down to this depth the pointers of the containers around are made too: cheaper, and few of them can be in vain. */
const STEPWISE_DEPTH_MAX = 6;
const WHOLE: BoundedPointer = { text: '', cut: false };

/** One reference token of a JSON pointer: `~` and `/` escaped (RFC 6901 section 3). */
export function pointerToken(name: string): string {
  const isPlain = !name.includes('/') && !name.includes('~');
  return isPlain ? name : name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * JSON pointer of the member or element of `place` that is being read; empty for the whole text. One that would be
 * longer than `LIMITS.pointerCharsMax` is given as that of the nearest container around it that has a shorter one.
 */
export function pointerOfMember(place: JsonPlace | undefined): string {
  if (place === undefined) return '';
  if (place.memberPointer === undefined) {
    const { text, cut } = pointerOf(place);
    const token = cut ? undefined : boundedToken(place.member, text.length);
    place.memberPointer = token === undefined ? text : `${text}/${token}`;
  }
  return place.memberPointer;
}

/** JSON pointer of the innermost container that holds both places, which may be one of them; bounded like `pointerOfMember`. */
export function commonPointer(one: JsonPlace, other: JsonPlace): string {
  let [left, right] = [one, other];
  while (left !== right) {
    // The outermost container has depth 1 and is the same for both, so neither runs out of parents.
    if (left.depth > right.depth) left = left.parent as JsonPlace;
    else if (right.depth > left.depth) right = right.parent as JsonPlace;
    else [left, right] = [left.parent as JsonPlace, right.parent as JsonPlace];
  }
  return pointerOf(left).text;
}

/** Many containers hold no text of their own, so pointers are made on demand and only for those that do. */
function pointerOf(place: JsonPlace): BoundedPointer {
  if (place.pointer !== undefined) return place.pointer;
  const { parent } = place;
  if (parent === undefined) place.pointer = WHOLE;
  else if (place.depth <= STEPWISE_DEPTH_MAX) place.pointer = extended(pointerOf(parent), place.name);
  else if (parent.pointer !== undefined) place.pointer = extended(parent.pointer, place.name);
  else place.pointer = joined(place);
  return place.pointer;
}

/** Deeper down in one go over all containers that have no pointer yet: no recursion, and no part of the way is kept alive. */
function joined(innermost: JsonPlace): BoundedPointer {
  const names: (string | number)[] = [];
  let place = innermost;
  while (place.pointer === undefined && place.parent !== undefined) {
    names.push(place.name);
    place = place.parent;
  }
  const { text, cut } = place.pointer ?? WHOLE;
  if (cut) return { text, cut };
  const tokens = [text];
  let length = text.length;
  while (names.length > 0) {
    const token = boundedToken(names.pop() ?? '', length);
    if (token === undefined) return { text: tokens.join('/'), cut: true };
    tokens.push(token);
    length += 1 + token.length;
  }
  return { text: tokens.join('/'), cut: false };
}

function extended(start: BoundedPointer, name: string | number): BoundedPointer {
  if (start.cut) return start;
  const token = boundedToken(name, start.text.length);
  return token === undefined ? { text: start.text, cut: true } : { text: `${start.text}/${token}`, cut: false };
}

/** The token, if it fits behind `length` characters. A name that cannot fit is not even escaped: it may be megabytes. */
function boundedToken(name: string | number, length: number): string | undefined {
  const room = LIMITS.pointerCharsMax - length - 1;
  if (typeof name === 'string' && name.length > room) return undefined;
  const token = typeof name === 'number' ? String(name) : pointerToken(name);
  return token.length > room ? undefined : token;
}
