import { WIRE } from '../sidecar/kernel/protobuf-wire.js';

/** Room at first; answers are some hundred bytes, and a denial holds at most a few thousand. */
const FIRST_BYTES = 4096;
/** A UTF-16 unit has at most three bytes in UTF-8. */
const BYTES_PER_UNIT = 3;
/** Bytes of a varint of 32 bits, at most. */
const VARINT_BYTES = 5;
/** Shorter texts are written unit by unit, which is faster than a call of the encoder. */
const SHORT_UNITS = 64;

/**
 * Writes the fields of a message one after the other into memory that it keeps. A generated encoder first takes an object for
 * every message in the message, which for an answer of a few fields costs several times as much as the bytes.
 * Source of the format: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** Forgets what was written. */
  clear(): void {
    this.#at = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Begins a field that is a message; its fields follow, and then `end` with what this gives. */
  begin(field: number): number {
    this.#need(2 * VARINT_BYTES);
    this.#key(field, WIRE.bytes);
    this.#at += 1; // the length, which is mostly one byte
    return this.#at;
  }

  /** Ends the message that begins at `start`. */
  end(start: number): void {
    const length = this.#at - start;
    const more = varintBytes(length) - 1;
    if (more > 0) {
      this.#need(more);
      this.#bytes.copyWithin(start + more, start, this.#at);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  /** A field that is a string. Lone surrogates become U+FFFD. */
  string(field: number, text: string): void {
    const start = this.begin(field);
    this.#need(text.length * BYTES_PER_UNIT);
    if (!this.#shortAscii(text)) this.#at = start + this.#bytes.write(text, start);
    this.end(start);
  }

  /** A field that is a number of 32 bits, not negative, or an enum. */
  uint32(field: number, value: number): void {
    this.#need(2 * VARINT_BYTES);
    this.#key(field, WIRE.varint);
    this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#need(VARINT_BYTES + Float64Array.BYTES_PER_ELEMENT);
    this.#key(field, WIRE.fixed64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #shortAscii(text: string): boolean {
    if (text.length > SHORT_UNITS) return false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      this.#bytes[this.#at + i] = unit;
    }
    this.#at += text.length;
    return true;
  }

  #key(field: number, type: number): void {
    this.#varint((field << 3) | type);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #need(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
