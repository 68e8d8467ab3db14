/** Wire types of the protobuf encoding. Groups (3 and 4) are left out on purpose: see `readField`. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field of a message as it stands in the bytes. Reused by the caller, so that walking a message allocates nothing. */
export interface WireField {
  number: number;
  type: number;
  /** Where the value starts: for `WIRE.bytes` behind the length. */
  from: number;
  /** Where the value ends, which is where the next field starts. */
  to: number;
}

/** A field to be read into. */
export function createWireField(): WireField {
  return { number: 0, type: 0, from: 0, to: 0 };
}

/**
 * Reads the field that starts at `at` and must end at or before `end`, into `field`. Linear in the size of the key,
 * not of the value. False for everything that is no field: a cut varint, field number 0, a length that points behind
 * `end`, and groups. Groups may nest without limit, no message of Envoy's API has one, and generated decoders
 * disagree on an end tag without a start.
 * Source of the format: https://protobuf.dev/programming-guides/encoding/
 */
export function readField(bytes: Uint8Array, at: number, end: number, field: WireField): boolean {
  const keyBytes = varintBytes(bytes, at, end);
  const key = uint32At(bytes, at, keyBytes);
  if (key < 8) return false;
  field.number = key >>> 3;
  field.type = key & 7;
  field.from = at + keyBytes;
  switch (field.type) {
    case WIRE.varint:
      field.to = field.from + varintBytes(bytes, field.from, end);
      return field.to > field.from;
    case WIRE.fixed64:
      field.to = field.from + 8;
      return field.to <= end;
    case WIRE.fixed32:
      field.to = field.from + 4;
      return field.to <= end;
    case WIRE.bytes: {
      const lengthBytes = varintBytes(bytes, field.from, end);
      const length = uint32At(bytes, field.from, lengthBytes);
      if (length < 0) return false;
      field.from += lengthBytes;
      field.to = field.from + length;
      return field.to <= end;
    }
    default:
      return false;
  }
}

/**
 * The value of a varint field of type int64 as a number, exact up to 2^53. A negative one, which takes ten bytes, is
 * given as -1: a bigint for each request would cost more than all its other fields.
 */
export function int64Of(bytes: Uint8Array, field: WireField): number {
  if (field.to - field.from === 10) return -1;
  let value = 0;
  for (let at = field.to - 1; at >= field.from; at--) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}

/** How many bytes the varint at `at` has (1 to 10), or 0 when it is cut by `end` or longer than ten. */
function varintBytes(bytes: Uint8Array, at: number, end: number): number {
  const last = Math.min(end, at + 10);
  for (let position = at; position < last; position++) {
    if ((bytes[position] ?? 0) < 0x80) return position - at + 1;
  }
  return 0;
}

/** The varint of `count` bytes at `at`, or -1 when there is none or it does not fit into 32 bits. */
function uint32At(bytes: Uint8Array, at: number, count: number): number {
  if (count === 0 || count > 5) return -1;
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 128 + ((bytes[at + index] ?? 0) & 0x7f);
  return value > 0xffff_ffff ? -1 : value;
}
