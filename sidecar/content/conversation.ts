import type { Role } from '../kernel/evaluation.js';
import { addDerivedText, assignRole, type Draft } from './draft.js';
import { pointerOfPlace } from './json-pointer.js';
import type { JsonPlace } from './json-walk.js';

/** Role names of the chat completions API; `function` is the older name of `tool`. Any other counts as `user`. */
const ROLE_OF_NAME: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['system', 'system'],
  ['developer', 'developer'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
]);

/** What a conversation adds to the bare strings of a body: roles, and text parts joined as the model sees them. */
export interface Conversation {
  enter(place: JsonPlace): void;
  leave(place: JsonPlace): void;
  key(place: JsonPlace, name: string): void;
  string(place: JsonPlace, text: string): void;
}

/** The message that is being read. */
interface Message {
  readonly place: JsonPlace;
  readonly firstSegment: number;
  /** How often the message names a role; only a role named once counts. */
  roleCount: number;
  role: Role;
  /** Text parts of its `content` array so far. */
  partCount: number;
  joined: string;
}

/**
 * Follows a walk through a body of the chat completions shape: an object with an array `messages`. The shape alone
 * decides, never the path or the media type, and a body of any other shape simply has no messages.
 */
export function createConversation(draft: Draft): Conversation {
  let message: Message | undefined;
  return {
    enter(place) {
      if (!isMessage(place)) return;
      const firstSegment = draft.segments.length;
      message = { place, firstSegment, roleCount: 0, role: 'user', partCount: 0, joined: '' };
    },
    leave(place) {
      if (message === undefined) return;
      if (isContent(place, message)) {
        if (message.partCount > 1) addDerivedText(draft, message.joined, pointerOfPlace(place));
        message.partCount = 0;
        message.joined = '';
      } else if (place === message.place) {
        if (message.roleCount === 1) assignRole(draft, message.firstSegment, message.role);
        message = undefined;
      }
    },
    key(place, name) {
      if (place === message?.place && name === 'role') message.roleCount++;
    },
    string(place, text) {
      if (message === undefined) return;
      if (place === message.place) {
        if (place.member === 'role') message.role = ROLE_OF_NAME.get(text) ?? 'user';
      } else if (isTextPart(place, message)) {
        message.partCount++;
        message.joined += text;
      }
    },
  };
}

/** An element of the array `messages` of the outermost object. */
function isMessage(place: JsonPlace): boolean {
  if (place.depth !== 3 || place.isArray) return false;
  const list = place.parent;
  return list?.isArray === true && list.name === 'messages' && list.parent?.isArray === false;
}

function isContent(place: JsonPlace, message: Message): boolean {
  return place.isArray && place.name === 'content' && place.parent === message.place;
}

/** The member `text` of a part of the content array, or a bare string in it. */
function isTextPart(place: JsonPlace, message: Message): boolean {
  if (place.isArray) return isContent(place, message);
  return place.member === 'text' && place.parent !== undefined && isContent(place.parent, message);
}
