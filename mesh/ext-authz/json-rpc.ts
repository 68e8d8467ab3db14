import { LIMITS } from '../../sidecar/kernel/limits.js';

/** The messages of JSON-RPC 2.0 in a body, as far as an answer has to know them. */
export interface RpcCall {
  /** JSON literals of the ids of its requests, in order. Notifications and responses have none to be answered by. */
  readonly ids: readonly string[];
  /** The body is a list of messages. */
  readonly isBatch: boolean;
}

/**
 * Reads whose answers a body waits for, without building what is in it: bodies are large, and only four members count.
 * Undefined = not JSON-RPC in UTF-8, malformed, or over `LIMITS.rpcBodyBytesMax`.
 * Source of the format: https://www.jsonrpc.org/specification
 */
export function readRpcCall(body: Uint8Array): RpcCall | undefined {
  if (body.length > LIMITS.rpcBodyBytesMax) return undefined;
  const cursor: Cursor = { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength), at: 0 };
  if (!cursor.bytes.includes('"jsonrpc"')) return undefined;
  const first = peek(cursor);
  if (first === OPEN_OBJECT) {
    const message = readMessage(cursor);
    return message && { ids: message.id === undefined ? [] : [message.id], isBatch: false };
  }
  return first === OPEN_LIST ? readBatch(cursor) : undefined;
}

function readBatch(cursor: Cursor): RpcCall | undefined {
  const ids: string[] = [];
  cursor.at++;
  for (let count = 0; count < LIMITS.rpcBatchMax; count++) {
    if (peek(cursor) !== OPEN_OBJECT) return undefined;
    const message = readMessage(cursor);
    if (message === undefined) return undefined;
    if (message.id !== undefined) ids.push(message.id);
    const next = peek(cursor);
    cursor.at++;
    if (next === CLOSE_LIST) return { ids, isBatch: true };
    if (next !== COMMA) return undefined;
  }
  return undefined;
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** The message that begins at the cursor. It has an id when it is a request. Of a member given twice the last counts. */
function readMessage(cursor: Cursor): { readonly id?: string } | undefined {
  const told = new Map<string, string>();
  cursor.at++;
  for (let count = 0; ; count++) {
    if (count === LIMITS.rpcMembersMax) return undefined;
    const name = peek(cursor) === QUOTE ? skipValue(cursor) : undefined;
    if (name === undefined || peek(cursor) !== COLON) return undefined;
    cursor.at++;
    peek(cursor);
    const value = skipValue(cursor);
    if (value === undefined) return undefined;
    const key = name.to - name.from <= LONGEST_NAME ? textOf(cursor, name) : '';
    if (key === VERSION || key === ID || key === METHOD) told.set(key, textOf(cursor, value));
    const next = peek(cursor);
    cursor.at++;
    if (next === CLOSE_OBJECT) break;
    if (next !== COMMA) return undefined;
  }
  if (told.get(VERSION) !== '"2.0"') return undefined;
  const id = told.get(ID);
  return id !== undefined && told.has(METHOD) && isId(id) ? { id } : {};
}

const VERSION = '"jsonrpc"';
const ID = '"id"';
const METHOD = '"method"';
const LONGEST_NAME = VERSION.length;

/** A string or a number. What stands there is told back as it was written, so that a large number keeps its digits. */
function isId(literal: string): boolean {
  if (literal.length > LIMITS.rpcIdBytesMax) return false;
  try {
    return ['string', 'number'].includes(typeof JSON.parse(literal));
  } catch {
    return false;
  }
}

/** Skips white space and gives the byte that follows; NaN at the end. */
function peek(cursor: Cursor): number {
  const { bytes } = cursor;
  let byte = bytes[cursor.at];
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++cursor.at];
  return byte ?? Number.NaN;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function skipValue(cursor: Cursor): Range | undefined {
  const from = cursor.at;
  const to = endOfValue(cursor.bytes, from);
  if (to <= from) return undefined;
  cursor.at = to;
  return { from, to };
}

/** What is too long to be told back keeps one byte too many, by which `isId` knows it. */
function textOf({ bytes }: Cursor, { from, to }: Range): string {
  return bytes.toString('utf8', from, Math.min(to, from + LIMITS.rpcIdBytesMax + 1));
}

/** Where the value at `at` ends; -1 = it does not. */
function endOfValue(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfString(bytes, at);
  if (first === OPEN_OBJECT || first === OPEN_LIST) return endOfContainer(bytes, at);
  let end = at;
  for (let byte = bytes[end]; byte !== undefined && isOfScalar(byte); byte = bytes[++end]);
  return end;
}

function isOfScalar(byte: number): boolean {
  return byte > 0x20 && byte !== COMMA && byte !== CLOSE_OBJECT && byte !== CLOSE_LIST && byte !== COLON;
}

function endOfString(bytes: Buffer, at: number): number {
  for (let end = at + 1; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === BACKSLASH) end++;
    else if (byte === QUOTE) return end + 1;
  }
  return -1;
}

function endOfContainer(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let end = at; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === QUOTE) {
      end = endOfString(bytes, end) - 1;
      if (end < 0) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_LIST) && --depth === 0) return end + 1;
  }
  return -1;
}
