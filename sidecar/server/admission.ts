import { InOrder, type Linked } from './in-order.js';

/** Why a call is told to give way. */
export type EvictionReason = 'overloaded' | 'draining';

/** The place that one call takes. Every method may be called after the ticket is gone and then does nothing. */
export interface Ticket {
  /** More bytes arrived and are held. May evict this call or another one. */
  grow(bytes: number): void;
  /** The call holds this many bytes now, because what it held before was put together or let go. */
  resize(bytes: number): void;
  /** The message is whole: from now on the call is worked on and cannot be evicted. */
  complete(): void;
  /** The call is answered, and its caller has yet to take the answer: it can be evicted again. */
  answered(): void;
  /** The call is over and holds nothing any more. */
  leave(): void;
}

/** Bounds calls and bytes over all connections of a listener, unfinished messages included. */
export interface Admission {
  /**
   * A place for a new call, or undefined when every place is taken by a call that is being worked on. A call that has
   * waited for its caller the longest, for the rest of the message or until he takes the answer, gives way to a newcomer, and the
   * one that holds the most bytes meanwhile gives way when bytes run out: so whoever opens calls without finishing them, or does
   * not read, harms himself first. `evict` is called at most once, with the ticket already gone.
   */
  enter(evict: (reason: EvictionReason) => void): Ticket | undefined;
  /** Evicts every call that waits for its caller. */
  evictAll(): void;
  /** Resolves once no call is left. */
  whenEmpty(): Promise<void>;
  readonly calls: number;
  readonly bytes: number;
}

/** See `Admission`. */
export function createAdmission(limits: { callsMax: number; bytesMax: number }): Admission {
  const idle = new InOrder<Place>(); // waits for its caller; the first one has waited longest
  const waiting: (() => void)[] = [];
  let calls = 0;
  let bytes = 0;

  class Place implements Ticket, Linked<Place> {
    before: Place | undefined;
    after: Place | undefined;
    held = 0;
    gone = false;
    constructor(readonly onEvict: (reason: EvictionReason) => void) {}

    grow(more: number): void {
      this.resize(this.held + more);
    }
    resize(now: number): void {
      if (this.gone) return;
      const more = now - this.held;
      this.held = now;
      bytes += more;
      if (bytes > limits.bytesMax) makeRoom();
    }
    complete(): void {
      idle.delete(this);
    }
    answered(): void {
      if (this.gone) return;
      idle.delete(this);
      idle.add(this);
    }
    leave(): void {
      if (this.gone) return;
      this.gone = true;
      calls -= 1;
      bytes -= this.held;
      idle.delete(this);
      if (calls === 0) for (const resolve of waiting.splice(0)) resolve();
    }
    evict(reason: EvictionReason): void {
      this.leave();
      this.onEvict(reason);
    }
  }

  /** A scan per eviction is cheap enough: each one frees at least the average of what is held. */
  function makeRoom(): void {
    while (bytes > limits.bytesMax) {
      const largest = largestOf(idle);
      if (!largest) return;
      largest.evict('overloaded');
    }
  }

  return {
    enter(evict) {
      if (calls >= limits.callsMax) {
        const oldest = idle.first;
        if (!oldest) return undefined;
        oldest.evict('overloaded');
      }
      const place = new Place(evict);
      idle.add(place);
      calls += 1;
      return place;
    },
    evictAll() {
      for (const place of [...idle]) place.evict('draining');
    },
    whenEmpty: () => new Promise((resolve) => (calls === 0 ? resolve() : waiting.push(resolve))),
    get calls() {
      return calls;
    },
    get bytes() {
      return bytes;
    },
  };
}

function largestOf<T extends { readonly held: number }>(places: Iterable<T>): T | undefined {
  let largest: T | undefined;
  for (const place of places) if (!largest || place.held > largest.held) largest = place;
  return largest;
}
