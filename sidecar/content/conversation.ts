import type { Role } from '../kernel/evaluation.js';
import { assignRole, type Draft } from './draft.js';
import { createInstructions, type Instructions } from './instructions.js';
import type { JsonPlace } from './json-walk.js';
import { INSTRUCTIONS, SINGLE_TURNS, TURNS } from './prompt-members.js';
import { innerShape, type RequestShape, WHOLE_BODY } from './request-places.js';
import { PEERS, ROLE_OF_NAME, TOOL_BLOCK_MEMBERS, TOOL_BLOCK_TYPE, TOOL_TYPES } from './role-names.js';
import { createRun, type Part, type Run } from './seams.js';

/** Members whose texts are joined as a model reads them, in lower case: see `isSpelled`. */
const SECTIONS: ReadonlySet<string> = new Set(
  [...TURNS, ...INSTRUCTIONS.keys(), ...SINGLE_TURNS].map((name) => name.toLowerCase()),
);
const SECTION_CHARS_MAX = 'additional_instructions'.length;
const TURNS_CHARS_MAX = 'additional_messages'.length;

/** The message that is being read. */
interface Message {
  readonly place: JsonPlace;
  readonly firstSegment: number;
  /** How often the message names a role; only a role named once counts. */
  roleCount: number;
  role: Role;
  /** Its type says that it came from a tool. */
  isToolResult: boolean;
  /** Its texts so far; none yet: undefined, which is cheaper than an empty list. */
  parts: Part[] | undefined;
  /** Parts of it that came from a tool, whoever passes them on, as ranges of segments; none yet: undefined. */
  toolBlocks: { readonly from: number; readonly to: number }[] | undefined;
}

/** A part of a message that is being read, or the member of one that holds the result of a tool. */
interface Block {
  readonly place: JsonPlace;
  readonly firstSegment: number;
  isToolResult: boolean;
}

/** A container on the way to a request, or the object that is one. */
interface Level {
  readonly place: JsonPlace;
  readonly shape: RequestShape;
  readonly firstSegment: number;
  readonly instructions: Instructions;
  /** It says that it is JSON-RPC 2.0. */
  isRpc: boolean;
  /** Of a result: who says it. Of what has a result: where its segments stand, and that speaker. */
  speaker: Role;
  result: { readonly from: number; readonly to: number; readonly speaker: Role } | undefined;
  hasTurns: boolean;
  /** A request inside has messages. */
  hasInnerTurns: boolean;
  /** Readers differ on which messages count, so nobody speaks for more than a user. */
  isDisputed: boolean;
}

/**
 * What a conversation adds to the bare strings of a body: roles, and texts joined as the model sees them. Follows a walk through the
 * body of a request to a model. Roles are read in the items of the lists that `TURNS` names,
 * and in the members that instruct (see instructions.ts), of each request in the body (see request-places.ts). The shape
 * alone decides, never the path or the media type.
 */
export class Conversation {
  readonly #draft: Draft;
  readonly #run: Run;
  readonly #levels: Level[] = [];
  #level: Level | undefined;
  #section: JsonPlace | undefined;
  #message: Message | undefined;
  #block: Block | undefined;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#run = createRun(draft);
  }

  enter(place: JsonPlace): void {
    const level = this.#level;
    if (place.parent === level?.place) {
      const shape = level === undefined ? WHOLE_BODY : innerShape(level.shape, place);
      if (shape !== undefined) this.#open(place, shape);
      else if (isSection(place) && level?.shape.kind !== undefined) this.#section = place;
    }
    const section = this.#section;
    const message = this.#message;
    if (section !== undefined && isMessage(place, section))
      this.#message = {
        place,
        firstSegment: this.#draft.segments.length,
        roleCount: 0,
        role: 'user',
        isToolResult: false,
        parts: undefined,
        toolBlocks: undefined,
      };
    else if (message !== undefined && this.#block === undefined)
      this.#block = blockAt(place, message.place, this.#draft);
  }

  leave(place: JsonPlace): void {
    const level = this.#level;
    if (level === undefined) return;
    const message = this.#message;
    const block = this.#block;
    if (place === block?.place) {
      if (block.isToolResult && message !== undefined) {
        message.toolBlocks ??= [];
        message.toolBlocks.push({ from: block.firstSegment, to: this.#draft.segments.length });
      }
      this.#block = undefined;
    }
    if (place === message?.place) {
      this.#endMessage(message, level);
      this.#message = undefined;
    }
    if (place === this.#section) {
      this.#run.end();
      this.#section = undefined;
    }
    if (place === level.place) this.#close(level);
  }

  key(place: JsonPlace, name: string): void {
    const message = this.#message;
    const block = this.#block;
    const level = this.#level;
    if (place === message?.place) {
      if (name === 'role') message.roleCount++;
      // A reader that is blind to case may take this one instead.
      else if (isSpelled(name, 'role') || (name !== 'content' && isSpelled(name, 'content'))) message.roleCount += 2;
    } else if (place === block?.place) {
      if (TOOL_BLOCK_MEMBERS.has(name)) block.isToolResult = true;
    } else if (place === level?.place) {
      level.instructions.member(name);
      if (name === 'jsonrpc') level.isRpc = true;
      if (name.length > TURNS_CHARS_MAX || !TURNS.has(folded(name))) return;
      if (level.hasTurns || !TURNS.has(name)) level.isDisputed = true;
      level.hasTurns = true;
    }
  }

  /** True when the text is joined with others of its message. */
  string(place: JsonPlace, text: string): boolean {
    const level = this.#level;
    if (level?.shape.kind === 'result' && place === level.place && place.member === 'role')
      level.speaker = PEERS.get(text) ?? 'tool';
    const message = this.#message;
    if (message === undefined) return false;
    const block = this.#block;
    if (place === block?.place && place.member === 'type') block.isToolResult ||= TOOL_BLOCK_TYPE.test(text);
    if (place === message.place && place.member === 'role') message.role = ROLE_OF_NAME.get(text) ?? 'user';
    else if (place === message.place && place.member === 'type') message.isToolResult = TOOL_TYPES.has(text);
    else if (text !== '' && isTextPart(place)) {
      if (message.parts === undefined) message.parts = [{ place, text }];
      else message.parts.push({ place, text });
      return true;
    }
    return false;
  }

  #endMessage(
    { roleCount, role: named, isToolResult, firstSegment, parts, toolBlocks }: Message,
    { shape, isDisputed }: Level,
  ): void {
    const draft = this.#draft;
    const section = this.#section;
    const unnamed = roleCount === 0 && isToolResult ? 'tool' : 'user';
    const speaker = roleCount === 1 ? named : unnamed;
    const isHeld = shape.kind === 'request' || (speaker !== 'system' && speaker !== 'developer');
    const hasRoles = !isDisputed && isHeld && section?.isArray === true && TURNS.has(section.name as string);
    if (hasRoles && speaker !== 'user') assignRole(draft, firstSegment, speaker);
    if (hasRoles && toolBlocks) for (const { from, to } of toolBlocks) assignRole(draft, from, 'tool', to);
    this.#run.add(parts, speaker, hasRoles ? speaker : 'user');
  }

  #open(place: JsonPlace, shape: RequestShape): void {
    this.#level = {
      place,
      shape,
      firstSegment: this.#draft.segments.length,
      instructions: createInstructions(this.#draft),
      isRpc: false,
      speaker: 'tool',
      result: undefined,
      hasTurns: false,
      hasInnerTurns: false,
      isDisputed: false,
    };
    this.#levels.push(this.#level);
  }

  #close(closed: Level): void {
    const draft = this.#draft;
    const { shape, result, firstSegment, hasTurns, hasInnerTurns } = closed;
    const isUnclear = closed.isDisputed || (hasTurns && hasInnerTurns);
    if (shape.kind === 'request') closed.instructions.end(isUnclear);
    if (closed.isRpc && result) assignRole(draft, result.from, result.speaker, result.to);
    if (isUnclear) assignRole(draft, firstSegment, 'user');
    this.#levels.pop();
    const level = this.#levels.at(-1);
    this.#level = level;
    if (level === undefined) return;
    // A request in the place of a list of turns stands for it.
    if ((hasTurns || hasInnerTurns) && !TURNS.has(closed.place.name as string)) level.hasInnerTurns = true;
    if (shape.kind === 'result')
      level.result = { from: firstSegment, to: draft.segments.length, speaker: closed.speaker };
  }
}

/** The part that begins here: an element of a list in the message. One that has a result as a member is a result as a whole. */
function blockAt(place: JsonPlace, message: JsonPlace, draft: Draft): Block | undefined {
  if (place.isArray || place.parent?.isArray !== true || place.parent.parent !== message) return undefined;
  return { place, firstSegment: draft.segments.length, isToolResult: false };
}

/** A member of a request that holds messages. */
function isSection({ parent, name }: JsonPlace): boolean {
  if (parent?.isArray !== false || typeof name !== 'string' || name.length > SECTION_CHARS_MAX) return false;
  return name === 'messages' || SECTIONS.has(folded(name));
}

/** An object in such a list, or one that stands in its place. */
function isMessage(place: JsonPlace, section: JsonPlace): boolean {
  return !place.isArray && (section.isArray ? place.parent === section : place === section);
}

/** The member `text`, `content` or `output` of anything in a message, or a bare string in a list of such a name. */
function isTextPart(place: JsonPlace): boolean {
  const name = place.isArray ? place.name : place.member;
  if (name === 'text' || name === 'content' || name === 'output') return true;
  // All three end in a `t`: other names need not be folded.
  if (typeof name !== 'string' || name.length > 7 || (name.charCodeAt(name.length - 1) | 0x20) !== 0x74) return false;
  return isSpelled(name, 'text') || isSpelled(name, 'content') || isSpelled(name, 'output');
}

/**
 * Whether a name is `wanted` (lower case) to a reader that is blind to case, as Go's encoding/json is: it takes the
 * long s (U+017F) and the Kelvin sign for letters too.
 */
function isSpelled(name: string, wanted: string): boolean {
  return name === wanted || (name.length === wanted.length && folded(name) === wanted);
}

function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}
