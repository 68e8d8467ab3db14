/** What may be a member of one `InOrder`: its neighbours, which nobody else sets. */
export interface Linked<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * Members in the order in which they came, each in one list at most. A Set would do but for memory: V8 gives it a new table
 * every few members that come and go, and each old table keeps who was there and the table that took its place (OrderedHashTable) until
 * the next full collection: in effect, every call that there was.
 */
export class InOrder<T extends Linked<T>> implements Iterable<T> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  add(member: T): void {
    member.before = this.#last;
    if (this.#last) this.#last.after = member;
    else this.#first = member;
    this.#last = member;
  }

  /** Does nothing when it is not a member. */
  delete(member: T): void {
    const { before, after } = member;
    if (!before && this.#first !== member) return;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    member.before = undefined;
    member.after = undefined;
  }

  /** The member that is looked at may be deleted meanwhile, and no other. */
  *[Symbol.iterator](): Iterator<T> {
    for (let member = this.#first; member; ) {
      const next: T | undefined = member.after;
      yield member;
      member = next;
    }
  }
}
