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
  /** The call is worked on no more, and holds this many bytes until its answer is read: it can be evicted again, perhaps at once. */
  giveWay(bytes: number): void;
  /** The call is over and holds nothing any more. */
  leave(): void;
}

/** Bounds calls and bytes over all connections of a listener, unfinished messages included. */
export interface Admission {
  /**
   * A place for a new call, or undefined when every place is taken by a call that is being worked on. Of the others, the one that
   * has been receiving, or waiting to be read, for the longest gives way to a newcomer, and the one that holds the most when bytes
   * run out: so whoever opens calls without finishing them harms himself first. `evict` is called at most once, with the ticket
   * already gone.
   */
  enter(evict: (reason: EvictionReason) => void): Ticket | undefined;
  /** Evicts every call that can be. */
  evictAll(): void;
  /** Resolves once no call is left. */
  whenEmpty(): Promise<void>;
  readonly calls: number;
  readonly bytes: number;
}

/** See `Admission`. */
export function createAdmission(limits: { callsMax: number; bytesMax: number }): Admission {
  const evictable = new InOrder<Place>(); // the first one has waited longest
  const waiting: (() => void)[] = [];
  let calls = 0;
  let bytes = 0;

  class Place implements Ticket, Linked<Place> {
    before: Place | undefined;
    after: Place | undefined;
    held = 0;
    gone = false;
    isWorkedOn = false;
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
      evictable.delete(this);
      this.isWorkedOn = true;
    }
    giveWay(held: number): void {
      if (this.gone || !this.isWorkedOn) return;
      this.isWorkedOn = false;
      evictable.add(this);
      this.resize(held);
    }
    leave(): void {
      if (this.gone) return;
      this.gone = true;
      calls -= 1;
      bytes -= this.held;
      evictable.delete(this);
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
      const largest = largestOf(evictable);
      if (!largest) return;
      largest.evict('overloaded');
    }
  }

  return {
    enter(evict) {
      if (calls >= limits.callsMax) {
        const oldest = evictable.first;
        if (!oldest) return undefined;
        oldest.evict('overloaded');
      }
      const place = new Place(evict);
      evictable.add(place);
      calls += 1;
      return place;
    },
    evictAll() {
      for (const place of [...evictable]) place.evict('draining');
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
