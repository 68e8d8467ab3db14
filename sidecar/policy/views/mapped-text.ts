/** A text that was made from another one, and where each of its UTF-16 units comes from. */
export interface MappedText {
  readonly text: string;
  /** Per unit: where that which it was made from starts in the original. Never descends, or, for a text read backwards, never ascends. */
  readonly starts: Int32Array;
  /** Per unit: where that which it was made from ends, exclusive. */
  readonly ends: Int32Array;
}

/** The part of the original that [start, end) of the text was made from. */
export function originOf({ starts, ends }: MappedText, start: number, end: number): readonly [number, number] {
  const from = start < starts.length ? (starts[start] as number) : (ends.at(-1) ?? 0);
  if (start >= end) return [from, from];
  const last = end - 1;
  return [Math.min(from, starts[last] as number), Math.max(ends[start] as number, ends[last] as number, from)];
}

/** `outer`, which was made from the text of `inner`, as made from the original of `inner`. */
export function compose(inner: MappedText, outer: MappedText): MappedText {
  const { length } = outer.text;
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    [starts[i], ends[i]] = originOf(inner, outer.starts[i] as number, outer.ends[i] as number);
  }
  return { text: outer.text, starts, ends };
}

/** Writes a mapped text piece by piece. */
export class MappedTextWriter {
  #units: Uint16Array;
  #starts: Int32Array;
  #ends: Int32Array;
  #length = 0;

  /** `expected` units, more when needed. */
  constructor(expected: number) {
    this.#units = new Uint16Array(expected);
    this.#starts = new Int32Array(expected);
    this.#ends = new Int32Array(expected);
  }

  /** Adds the units of `text`, all made from [start, end) of the original. */
  write(text: string, start: number, end: number): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i), start, end);
  }

  /** Adds [from, to) of the original as it is. */
  copy(original: string, from: number, to: number): void {
    this.#reserve(to - from);
    const [units, starts, ends] = [this.#units, this.#starts, this.#ends];
    let at = this.#length;
    for (let i = from; i < to; i++) {
      units[at] = original.charCodeAt(i);
      starts[at] = i;
      ends[at] = i + 1;
      at++;
    }
    this.#length = at;
  }

  /** Adds a mapped text as it is. */
  append({ text, starts, ends }: MappedText): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i), starts[i] as number, ends[i] as number);
  }

  finish(): MappedText {
    const length = this.#length;
    const bytes = Buffer.from(this.#units.buffer, 0, length * 2); // little-endian, as every platform that Node runs on
    return {
      text: bytes.toString('utf16le'),
      starts: this.#starts.subarray(0, length),
      ends: this.#ends.subarray(0, length),
    };
  }

  #add(unit: number, start: number, end: number): void {
    this.#units[this.#length] = unit;
    this.#starts[this.#length] = start;
    this.#ends[this.#length] = end;
    this.#length++;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#units.length) return;
    const size = Math.max(needed, this.#units.length * 2);
    const grown = <T extends Uint16Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#units = grown(this.#units, new Uint16Array(size));
    this.#starts = grown(this.#starts, new Int32Array(size));
    this.#ends = grown(this.#ends, new Int32Array(size));
  }
}
