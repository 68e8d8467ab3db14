import { ACK, END_STREAM, FRAME, WINDOW } from '../../server/raw-http2.js';
import type { Served } from './application.js';
import { type Conversation, LAST_PING, type Request } from './conversation.js';

const FRAME_BYTES_MAX = 16_384;

/** What a server has said, and what of it is against the rules. */
export class Hearing {
  readonly faults: string[] = [];
  /** The PING behind all was answered. */
  isAnswered = false;
  goaway: number | undefined;
  /** What the server was sent so far. */
  toldBytes = 0;
  readonly #conversation: Conversation;
  /** Bytes of the bodies of answers. */
  readonly #bytes = new Map<number, number>();
  readonly #ended = new Set<number>();
  readonly #reset = new Map<number, number>();
  readonly #answered = new Set<number>();
  #settingsAcks = 0;
  #sent = 0;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (payload.length > FRAME_BYTES_MAX) this.#note('a frame that is too large');
    if (type === FRAME.GOAWAY) this.goaway = payload.readUInt32BE(4);
    if (type === FRAME.PING && flags & ACK && payload.equals(LAST_PING)) this.isAnswered = true;
    if (type === FRAME.SETTINGS && flags & ACK) this.#settingsAcks += 1;
    if (type === FRAME.RST_STREAM) this.#reset.set(id, payload.readUInt32BE(0));
    if (type === FRAME.HEADERS || type === FRAME.DATA) this.#onAnswer(type, flags, id, payload.length);
  }

  #onAnswer(type: number, flags: number, id: number, bytes: number): void {
    const { kind, requests, settings } = this.#conversation;
    if (this.#ended.has(id) || this.#reset.has(id)) this.#note('more of a stream that is over');
    if (type === FRAME.DATA && !this.#answered.has(id)) this.#note('a body without headers');
    this.#answered.add(id);
    if (flags & END_STREAM) this.#ended.add(id);
    if (type !== FRAME.DATA) return;
    this.#bytes.set(id, (this.#bytes.get(id) ?? 0) + bytes);
    this.#sent += bytes;
    if (kind !== 'valid') return;
    if (!requests.some((request) => request.id === id)) this.#note('an answer to nothing');
    if (this.#sent > WINDOW + this.#granted(0)) this.#note('more than the window of the connection');
    if ((this.#bytes.get(id) ?? 0) > this.#firstWindow() + this.#granted(id))
      this.#note('more than the window of a stream');
    if (this.#settingsAcks > settings) this.#note('acknowledgements of nothing');
  }

  /** Sum of the updates of which at least the beginning was sent. */
  #granted(streamId: number): number {
    const updates = this.#conversation.grants.filter(({ at, id }) => id === streamId && at < this.toldBytes);
    return updates.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The widest that there was so far: it may have been used before it was made smaller. */
  #firstWindow(): number {
    const told = this.#conversation.grants.filter(({ at, id }) => id === undefined && at < this.toldBytes);
    return Math.max(WINDOW, ...told.map(({ bytes }) => bytes));
  }

  /** A conversation that breaks no rule has come to its end: every answer was whole, and it is not held up by anything. */
  get isWhole(): boolean {
    return this.isAnswered && this.#conversation.requests.every((request) => this.#isDone(request));
  }

  #isDone({ id, state, behaviour, answerBytes }: Request): boolean {
    if (state === 'reset' || behaviour === 'silence') return true;
    if (behaviour === 'reset') return this.#reset.get(id) === 8;
    return (
      this.#ended.has(id) &&
      (behaviour === 'nothing but headers' || this.#bytes.get(id) === answerBytes || answerBytes === 0)
    );
  }

  /** What is wrong with a conversation that is over. */
  verdict(served: readonly Served[], isClosed: boolean): readonly string[] {
    const { kind, requests } = this.#conversation;
    if (kind === 'changed') return this.faults;
    if (!isClosed && !this.isAnswered) this.#note('neither ended nor answered');
    if (kind === 'broken') return this.faults;
    if (isClosed || this.goaway !== undefined) this.#note(`ended with ${this.goaway}, and no rule was broken`);
    else if (!this.isWhole) this.#note('not every answer came');
    if (served.length !== requests.length) this.#note(`${served.length} requests of ${requests.length} came`);
    requests.forEach((request, i) => {
      const came = served[i];
      if (came) this.#compare(request, came);
    });
    return this.faults;
  }

  #compare({ fields, body, state, behaviour }: Request, came: Served): void {
    const of = (name: string) => fields.filter((field) => field[0] === name).map(([, value]) => value);
    for (const [name] of fields) {
      if (`${came.stream?.headers.all(name)}` !== `${of(name)}`) this.#note(`other values of ${name}`);
    }
    if (state === 'reset' || behaviour === 'stop' || behaviour === 'reset') return;
    if (!came.isEnded) this.#note('the end of a request did not come');
    if (!Buffer.concat(came.body).equals(Buffer.concat(body))) this.#note('another body');
  }

  #note(fault: string): void {
    if (!this.faults.includes(fault)) this.faults.push(fault);
  }
}
