import type { Stream } from './stream.js';

/** Lists; the streams of one connection are numbered one after the other, so that they spread evenly. */
const LISTS = 64;

/**
 * The open streams of one connection by their id. A Map would do but for memory: V8 gives it a new table every few members that
 * come and go, and each old table keeps the one that took its place (OrderedHashTable) until the next full collection: in effect, every
 * stream that there was.
 */
export class StreamTable implements Iterable<Stream> {
  readonly #lists: (Stream | undefined)[] = new Array(LISTS).fill(undefined);
  #size = 0;
  #firstList = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    let stream = this.#lists[listOf(id)];
    while (stream && stream.id !== id) stream = stream.next;
    return stream;
  }

  add(stream: Stream): void {
    const list = listOf(stream.id);
    stream.next = this.#lists[list];
    this.#lists[list] = stream;
    this.#size += 1;
  }

  /** Of a member. */
  delete(stream: Stream): void {
    const list = listOf(stream.id);
    const first = this.#lists[list];
    if (first === stream) this.#lists[list] = stream.next;
    else {
      let before = first;
      while (before && before.next !== stream) before = before.next;
      if (!before) return;
      before.next = stream.next;
    }
    stream.next = undefined;
    this.#size -= 1;
  }

  /**
   * The member that is looked at may be deleted meanwhile, and no other. Each time another one is the first, so that none is always
   * left out where a peer opens the window of the connection a little at a time.
   */
  *[Symbol.iterator](): Iterator<Stream> {
    this.#firstList = (this.#firstList + 1) % LISTS;
    const from = this.#firstList;
    for (let list = 0; list < LISTS; list += 1) {
      for (let stream = this.#lists[(from + list) % LISTS]; stream; ) {
        const next: Stream | undefined = stream.next;
        yield stream;
        stream = next;
      }
    }
  }
}

/** Ids of a client are odd. */
function listOf(id: number): number {
  return (id >>> 1) % LISTS;
}
