import { STATIC_TABLE } from './hpack-static-table.js';
import { HEADER_TABLE_BYTES } from './protocol.js';

/** What an entry counts beside its name and value (RFC 7541 section 4.1). Also of a field in a list (RFC 9113 section 6.5.2). */
export const FIELD_OVERHEAD_BYTES = 32;

const STATIC = STATIC_TABLE.flat();
/** More entries never fit; a power of two, so that places in the ring are found by a mask. */
const ENTRIES_MAX = HEADER_TABLE_BYTES / FIELD_OVERHEAD_BYTES;

/** Static and dynamic table of one direction of a connection (RFC 7541 section 2.3). */
export class HpackTable {
  /** Name, value, name, value, ...: the static table, and behind it a ring of the dynamic entries. */
  readonly #flat = [...STATIC, ...new Array<string>(2 * ENTRIES_MAX).fill('')];
  #bytesMax = HEADER_TABLE_BYTES;
  #bytes = 0;
  #entries = 0;
  /** Where in the ring the next entry goes, counted on without end. */
  #next = 0;

  /** Place of an indexed field; 0 when there is none (the first is 2). */
  place(index: number): number {
    if (index <= STATIC_TABLE.length) return 2 * index;
    const age = index - STATIC_TABLE.length;
    return age <= this.#entries ? this.#ringPlace(this.#next - age) : 0;
  }

  name(place: number): string {
    return this.#flat[place - 2] ?? '';
  }

  value(place: number): string {
    return this.#flat[place - 1] ?? '';
  }

  /** Adds an entry; older ones make room for it, and all of them do when it does not fit at all (RFC 7541 section 4.4). */
  add(name: string, value: string): void {
    const bytes = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.#evict(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    this.#put(this.#ringPlace(this.#next), name, value);
    this.#next = (this.#next + 1) % ENTRIES_MAX;
    this.#entries += 1;
    this.#bytes += bytes;
  }

  /** Sets how much the dynamic table may hold. False above what our SETTINGS allow (RFC 7541 section 6.3). */
  resize(bytesMax: number): boolean {
    if (bytesMax > HEADER_TABLE_BYTES) return false;
    this.#bytesMax = bytesMax;
    this.#evict(bytesMax);
    return true;
  }

  /** Drops the oldest entries until the others take no more than this. */
  #evict(bytesMax: number): void {
    while (this.#entries > 0 && this.#bytes > bytesMax) {
      const place = this.#ringPlace(this.#next - this.#entries);
      this.#bytes -= this.name(place).length + this.value(place).length + FIELD_OVERHEAD_BYTES;
      this.#entries -= 1;
      this.#put(place, '', '');
    }
  }

  #ringPlace(position: number): number {
    return STATIC.length + 2 * (position & (ENTRIES_MAX - 1)) + 2;
  }

  #put(place: number, name: string, value: string): void {
    this.#flat[place - 2] = name;
    this.#flat[place - 1] = value;
  }
}
