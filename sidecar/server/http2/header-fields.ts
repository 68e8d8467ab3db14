import { FIELD_OVERHEAD_BYTES } from './hpack-table.js';

/** Header fields in the order in which they came: names in lower case, values with one character for each byte (Latin-1). */
export class HeaderFields {
  readonly #flat: readonly string[];

  /** `flat`: name, value, name, value, ... */
  constructor(flat: readonly string[]) {
    this.#flat = flat;
  }

  /** First value of a field; undefined without. */
  get(name: string): string | undefined {
    const flat = this.#flat;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
    return undefined;
  }

  /** What they take, as a peer counts it too (RFC 9113 section 6.5.2): a field of two characters is two strings in memory. */
  get bytes(): number {
    return this.#flat.reduce((sum, { length }) => sum + length, (this.#flat.length / 2) * FIELD_OVERHEAD_BYTES);
  }

  /** All values of a field. */
  all(name: string): string[] {
    return this.#flat.filter((_, i) => i % 2 === 1 && this.#flat[i - 1] === name);
  }
}
