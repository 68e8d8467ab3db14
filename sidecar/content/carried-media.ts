import type { GapKind } from '../kernel/gap.js';
import { base64MediaGapOf, readBase64 } from './carried-bytes.js';
import { readDataUrls } from './data-urls.js';
import type { Draft } from './draft.js';
import { pointerOfMember } from './json-pointer.js';
import type { JsonPlace } from './json-walk.js';
import {
  FILE_MEMBERS,
  FILE_OWNERS,
  FILE_STRINGS,
  LIST_MEMBERS,
  LISTS,
  REFERENCES,
  SPOKEN_MEMBERS,
  STRINGS,
  TOKEN_LISTS,
} from './media-members.js';
import { isRequest, requestMemberOf } from './request-places.js';

/** All that a member may be named to be looked at more closely: most are not, and one look is cheaper than four. */
const NAMES: ReadonlySet<string | number> = new Set([
  ...REFERENCES.keys(),
  ...STRINGS.keys(),
  ...FILE_MEMBERS.keys(),
  ...FILE_STRINGS,
]);

/** An object that holds a file in base64 and is being read: what the file is may stand behind it. */
interface OpenFile {
  readonly place: JsonPlace;
  /** What may be base64, with its name and where it stands; honest objects have one. */
  readonly data: { readonly text: string; readonly name: string | number; readonly pointer: string }[];
  type: string;
  /** It says that its `data` is text as it stands. */
  isPlain: boolean;
}

/** Follows a walk through a JSON body, and reads or names what stands in it in place of text. */
export class CarriedMedia {
  readonly #draft: Draft;
  readonly #files: OpenFile[] = [];

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** A string that was added as text already. */
  string(place: JsonPlace, text: string): void {
    const draft = this.#draft;
    if (text === '' || readDataUrls(draft, text, pointerOfMember(place))) return;
    const isNamed = place.isArray ? LISTS.has(place.name) : NAMES.has(place.member);
    const gap = (isNamed ? gapOf(place, text) : undefined) ?? base64MediaGapOf(text);
    if (gap !== undefined) draft.gaps.add(gap);
    if (!isNamed) return;
    if (FILE_OWNERS.has(place.name)) this.#keepMember(place, text);
    else if (FILE_STRINGS.has(place.member) && isSpoken(place)) readBase64(draft, text, '', pointerOfMember(place));
  }

  number(place: JsonPlace): void {
    const gap = tokenGap(place);
    if (gap !== undefined) this.#draft.gaps.add(gap);
  }

  leave(place: JsonPlace): void {
    const file = this.#files[this.#files.length - 1];
    if (file?.place !== place) return;
    this.#files.pop();
    if (file.data.length === 0 || !isSpoken(place)) return;
    for (const { text, name, pointer } of file.data)
      if (!file.isPlain || name !== 'data') readBase64(this.#draft, text, file.type, pointer);
  }

  #keepMember(place: JsonPlace, text: string): void {
    const member = FILE_MEMBERS.get(place.member);
    if (member === undefined) return;
    const last = this.#files.at(-1);
    const file: OpenFile = last?.place === place ? last : { place, data: [], type: '', isPlain: false };
    if (file !== last) this.#files.push(file);
    if (member === 'type') file.type = text;
    else if (member === 'kind') file.isPlain = text === 'text';
    else file.data.push({ text, name: place.member, pointer: pointerOfMember(place) });
  }
}

/** The gap of a string that stands for content which is not text, or is kept elsewhere. */
function gapOf(place: JsonPlace, text: string): GapKind | undefined {
  if (place.isArray) {
    const list = LISTS.get(place.name);
    if (list === undefined) return undefined;
    const { name } = requestMemberOf(place);
    return SPOKEN_MEMBERS.has(name) || LIST_MEMBERS.has(name) ? list(text) : undefined;
  }
  const reference = REFERENCES.get(place.member);
  if (reference !== undefined && isRequest(place)) return reference;
  const gap = STRINGS.get(place.member)?.(text, ownerOf(place));
  return gap !== undefined && isSpoken(place) ? gap : undefined;
}

function ownerOf({ name, parent }: JsonPlace): string {
  return typeof name === 'number' ? `${parent?.name}[]` : name;
}

/** The gap of a list of numbers that stands for text; a list of such lists may hold several. */
function tokenGap(place: JsonPlace): GapKind | undefined {
  const list = place.isArray && typeof place.name === 'number' ? place.parent : place;
  const gap = list?.isArray ? TOKEN_LISTS.get(list.name) : undefined;
  return gap !== undefined && list?.parent && isRequest(list.parent) ? gap : undefined;
}

/** Whether what is being read is part of what is said, and no request by itself. */
function isSpoken(place: JsonPlace): boolean {
  const { name, isOwn } = requestMemberOf(place);
  return !isOwn && SPOKEN_MEMBERS.has(name);
}
