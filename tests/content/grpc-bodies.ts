/** A protobuf message by the numbers of its fields: texts, integers, bytes, messages, and lists of these. */
export interface Fields {
  readonly [number: string]: FieldValue | readonly FieldValue[];
}
export type FieldValue = string | number | bigint | Uint8Array | Fields;

/** Written by hand, sharing no code with the reader (https://protobuf.dev/programming-guides/encoding/). */
export function protobufOf(fields: Fields): Buffer {
  const pieces: Buffer[] = [];
  for (const [number, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) pieces.push(fieldOf(Number(number), one as FieldValue));
  }
  return Buffer.concat(pieces);
}

function fieldOf(number: number, value: FieldValue): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint(BigInt(number << 3)), varint(BigInt(value))]);
  }
  const bytes = typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value) : protobufOf(value);
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); bytes.length === 0 || rest > 0n; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
  }
  return Buffer.from(bytes);
}

/** One length-prefixed message (grpc/grpc, doc/PROTOCOL-HTTP2.md). */
export function frameOf(message: Uint8Array | string, flags = 0): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
