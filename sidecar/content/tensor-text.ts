import { isUtf8 } from 'node:buffer';

/** A length before each string: four bytes, least significant first. */
const LENGTH_BYTES = 4;

/**
 * The strings of a tensor of the type BYTES as the Open Inference Protocol has it in `raw_input_contents` (KServe and
 * Triton, grpc_predict_v2.proto): each behind its length, to the last byte. Undefined for anything else.
 */
export function tensorTextsOf(bytes: Uint8Array): Iterable<string> | undefined {
  for (const text of stringsOf(bytes)) if (text === undefined || !isUtf8(text)) return undefined;
  return textsOf(bytes);
}

function* textsOf(bytes: Uint8Array): Generator<string> {
  for (const text of stringsOf(bytes)) if (text !== undefined && text.length > 0) yield text.toString();
}

/** One undefined where a length points behind the end, and then no more. */
function* stringsOf(bytes: Uint8Array): Generator<Buffer | undefined> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < buffer.length; ) {
    const start = at + LENGTH_BYTES;
    const end = start <= buffer.length ? start + buffer.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (end > buffer.length) return yield undefined;
    yield buffer.subarray(start, end);
    at = end;
  }
}
