import { GREETING, setting, uint32 } from '../../server/http2/peer.js';
import { END_HEADERS, END_STREAM, FRAME, frame, PADDED, PREFACE, PRIORITY } from '../../server/raw-http2.js';
import type { Random } from '../random.js';
import { BEHAVIOURS, type Behaviour } from './application.js';
import { type Field, FieldWriter, requestFields, trailerFields } from './fields.js';

/** A request as the client means it. */
export interface Request {
  readonly id: number;
  readonly fields: readonly Field[];
  readonly behaviour: Behaviour;
  /** Bytes of the answer. */
  readonly answerBytes: number;
  readonly body: Buffer[];
  /** What is to come of the body, where its length was said. */
  left: number | undefined;
  state: 'open' | 'ended' | 'reset';
}

/** Window for the connection (0) or a stream, or, without a stream, the first window of all streams; said in the octet `at` of what is sent. */
export interface Grant {
  readonly at: number;
  readonly id: number | undefined;
  readonly bytes: number;
}

/** `valid` breaks no rule; `broken` does, in frames that are whole; of `changed` some bytes are others. */
export type Kind = 'valid' | 'broken' | 'changed';

export interface Conversation {
  readonly kind: Kind;
  /** What is sent, as it is cut by TCP. */
  readonly segments: readonly Buffer[];
  readonly requests: readonly Request[];
  /** What the server is allowed to send, in the order in which it is told so. */
  readonly grants: readonly Grant[];
  readonly settings: number;
}

/** Payload of the PING behind all. */
export const LAST_PING = Buffer.from('the last');
/** What all bodies of a conversation may have together, so that it needs no flow control of its own. */
const BODY_BYTES_MAX = 60_000;
const ENOUGH = 4 * 1024 * 1024;

export function conversationOf(random: Random): Conversation {
  const kind = random.of<Kind>(['valid', 'broken', 'changed']);
  const client = new Client(random);
  const frames = 1 + random.below(30);
  for (let i = 0; i < frames; i += 1) {
    client.step();
    if (kind === 'broken' && random.oneIn(6)) client.frames.push(anyFrame(random, client.requests.length));
  }
  client.finish();
  const bytes = Buffer.concat([GREETING, ...client.frames]);
  const sent = kind === 'changed' ? changed(bytes, random) : bytes;
  return { kind, segments: cut(sent, random), ...client.sums(), requests: client.requests };
}

/** Makes frames that a client may send. */
class Client {
  readonly frames: Buffer[] = [];
  readonly requests: Request[] = [];
  readonly #random: Random;
  readonly #writer: FieldWriter;
  #bodyBytes = 0;
  #sentBytes = GREETING.length;
  readonly #grants: Grant[] = [];
  #settings = 1;

  constructor(random: Random) {
    this.#random = random;
    this.#writer = new FieldWriter(random);
  }

  sums() {
    return {
      grants: this.#grants,
      settings: this.#settings,
    };
  }

  step(): void {
    const random = this.#random;
    const open = this.requests.filter(({ state }) => state === 'open');
    const kind = random.below(12);
    if (kind < 3 || this.requests.length === 0) this.#request();
    else if (kind < 6 && open.length > 0) this.#data(random.of(open), random.oneIn(3));
    else if (kind === 6 && open.length > 0) this.#trailers(random.of(open));
    else if (kind === 7 && random.oneIn(3)) this.#reset(random.of(this.requests));
    else if (kind === 8) this.#window(random.oneIn(2) ? 0 : random.of(this.requests).id, 1 + random.below(50_000));
    else if (kind === 9) this.#setting();
    else this.#harmless();
  }

  /** Ends every request, and lets all answers come. */
  finish(): void {
    for (const request of this.requests) {
      while (request.state === 'open') this.#data(request, true);
    }
    this.#grant(undefined, ENOUGH);
    this.#put(FRAME.SETTINGS, 0, 0, setting(4, ENOUGH));
    this.#settings += 1;
    this.#window(0, ENOUGH);
    this.#put(FRAME.PING, 0, 0, LAST_PING);
  }

  #put(type: number, flags: number, id: number, payload?: Uint8Array): void {
    const bytes = frame(type, flags, id, payload);
    this.frames.push(bytes);
    this.#sentBytes += bytes.length;
  }

  #request(): void {
    const random = this.#random;
    const id = (this.requests.at(-1)?.id ?? -1) + 2 * (1 + (random.oneIn(4) ? random.below(5) : 0));
    const ends = random.oneIn(2);
    const room = BODY_BYTES_MAX - this.#bodyBytes;
    const left = random.oneIn(2) ? undefined : ends ? 0 : random.below(Math.min(3000, room));
    this.#bodyBytes += left ?? 0;
    const own: Field[] = left === undefined ? [] : [['content-length', String(left)]];
    const request: Request = {
      id,
      fields: requestFields(random, own),
      behaviour: random.of(BEHAVIOURS),
      answerBytes: random.oneIn(10) ? random.below(100_000) : random.below(2000),
      body: [],
      left,
      state: ends ? 'ended' : 'open',
    };
    this.requests.push(request);
    this.#block(id, ends, request.fields);
  }

  /** HEADERS, in pieces or not, with all that they may have in front and behind. */
  #block(id: number, ends: boolean, fields: readonly Field[]): void {
    const random = this.#random;
    const block = this.#writer.block(fields);
    const pieces = cut(block, random, 4);
    let first = pieces[0] ?? Buffer.alloc(0);
    let flags = ends ? END_STREAM : 0;
    if (random.oneIn(5)) {
      first = Buffer.concat([uint32(random.below(10)), Buffer.from([random.below(256)]), first]);
      flags |= PRIORITY;
    }
    if (random.oneIn(5)) {
      first = padded(first, random);
      flags |= PADDED;
    }
    this.#put(FRAME.HEADERS, flags | (pieces.length > 1 ? 0 : END_HEADERS), id, first);
    for (const piece of pieces.slice(1))
      this.#put(FRAME.CONTINUATION, piece === pieces.at(-1) ? END_HEADERS : 0, id, piece);
  }

  #data(request: Request, ends: boolean): void {
    const random = this.#random;
    const isPadded = random.oneIn(5);
    const room = BODY_BYTES_MAX - this.#bodyBytes - 512;
    const most = request.left ?? Math.min(room, random.oneIn(10) ? 10_000 : 500);
    const bytes = ends && request.left !== undefined ? request.left : random.below(Math.max(1, most + 1));
    const piece = Buffer.alloc(Math.max(0, bytes), random.below(256));
    if (request.left === undefined) this.#bodyBytes += bytes;
    else request.left -= bytes;
    if (isPadded) this.#bodyBytes += 256;
    request.body.push(piece);
    if (ends) request.state = 'ended';
    const flags = (ends ? END_STREAM : 0) | (isPadded ? PADDED : 0);
    this.#put(FRAME.DATA, flags, request.id, isPadded ? padded(piece, random) : piece);
  }

  #trailers(request: Request): void {
    if ((request.left ?? 0) > 0) {
      this.#data(request, true);
      return;
    }
    request.state = 'ended';
    this.#block(request.id, true, trailerFields(this.#random));
  }

  #reset(request: Request): void {
    request.state = 'reset';
    this.#put(FRAME.RST_STREAM, 0, request.id, uint32(this.#random.below(16)));
  }

  #window(id: number, bytes: number): void {
    this.#grant(id, bytes);
    this.#put(FRAME.WINDOW_UPDATE, 0, id, uint32(bytes));
  }

  #grant(id: number | undefined, bytes: number): void {
    this.#grants.push({ at: this.#sentBytes, id, bytes });
  }

  #setting(): void {
    const random = this.#random;
    const window = random.oneIn(2) ? random.below(100) : random.below(1_000_000);
    const all = [
      setting(1, random.below(10_000)),
      setting(2, random.below(2)),
      setting(3, random.below(10)),
      setting(4, window),
      setting(5, 16_384 + random.below(100_000)),
      setting(6, random.below(100_000)),
      setting(0xbe, random.below(100)),
    ];
    const some = all.filter(() => random.oneIn(3));
    if (some.includes(all[3] as Buffer)) this.#grant(undefined, window);
    this.#put(FRAME.SETTINGS, 0, 0, Buffer.concat(some));
    this.#settings += 1;
  }

  #harmless(): void {
    const random = this.#random;
    const id = 1 + random.below(20);
    if (random.oneIn(3)) this.#put(FRAME.PING, random.below(2), 0, Buffer.alloc(8, random.below(256)));
    else if (random.oneIn(2)) this.#put(FRAME.PRIORITY, random.below(256), id, Buffer.alloc(5, random.below(256)));
    else this.#put(10 + random.below(246), random.below(256), random.below(20), Buffer.alloc(random.below(50)));
  }
}

function padded(payload: Buffer, random: Random): Buffer {
  const padding = random.below(256);
  return Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

/** A frame that knows no rule, of a stream that there may be. */
function anyFrame(random: Random, requests: number): Buffer {
  const type = random.below(11);
  const id = random.oneIn(4) ? 0 : random.below(2 * requests + 4);
  const sizes: Readonly<Record<number, number>> = { 2: 5, 3: 4, 4: 6, 6: 8, 7: 8, 8: 4 };
  const size = random.oneIn(3) ? random.below(40) : (sizes[type] ?? random.below(40));
  const payload = Buffer.from(Array.from({ length: size }, () => (random.oneIn(2) ? 0 : random.below(256))));
  return frame(type, random.oneIn(2) ? random.below(256) : random.of([0, 1, 4, 5]), id, payload);
}

function changed(bytes: Buffer, random: Random): Buffer {
  let changing = Buffer.from(bytes);
  // The preface is mostly left as it is: without it nothing is read of the rest.
  const place = () => (random.oneIn(20) ? 0 : PREFACE.length) + random.below(changing.length - PREFACE.length);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    const at = place();
    const kind = random.below(4);
    if (kind === 0) changing[at] = (changing[at] as number) ^ (1 << random.below(8));
    else if (kind === 1) changing[at] = random.below(256);
    else {
      const to = kind === 2 ? at + 1 + random.below(12) : at;
      const more = kind === 2 ? Buffer.alloc(0) : changing.subarray(at, at + 1 + random.below(40));
      changing = Buffer.concat([changing.subarray(0, at), more, changing.subarray(to)]);
    }
    if (changing.length <= PREFACE.length + 1) break;
  }
  return changing;
}

/** In one piece, in some, or in very small ones. */
function cut(bytes: Buffer, random: Random, piecesMax = 300): Buffer[] {
  if (random.oneIn(2)) return [bytes];
  const most = random.oneIn(4) ? Math.ceil(bytes.length / piecesMax) + 4 : Math.max(1, bytes.length);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = pieces.length === piecesMax - 1 ? bytes.length : at + 1 + random.below(most);
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}
