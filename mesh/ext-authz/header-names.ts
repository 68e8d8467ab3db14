/** The names that Jimini gives a meaning to upstream: a client's own copy must not get there. */
export const OWN_HEADER_PREFIX = 'x-jimini-';
/** Where the id of the record stands. */
export const DECISION_ID_HEADER = 'x-jimini-decision-id';
/** Where the effective verdict stands. */
export const VERDICT_HEADER = 'x-jimini-verdict';

/** Headers that say how to read a body or what becomes of the connection, and the ids that tie records to traces. */
const READ_HEADERS = [
  ':protocol',
  'connect-content-encoding',
  'content-encoding',
  'content-length',
  'content-type',
  'grpc-encoding',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'x-envoy-auth-partial-body',
  'x-request-id',
];

const NAMES_BY_LENGTH = Map.groupBy(READ_HEADERS, (name) => name.length);

/**
 * The header name at [from, to) in lower case if it is one that Jimini reads or one of its own, else undefined.
 * Compares bytes: of the twenty or more headers of a request only a handful ever become strings.
 */
export function readHeaderName(buffer: Buffer, from: number, to: number): string | undefined {
  if (to - from > OWN_HEADER_PREFIX.length && startsWith(buffer, from, OWN_HEADER_PREFIX)) {
    return buffer.toString('latin1', from, to).toLowerCase();
  }
  return NAMES_BY_LENGTH.get(to - from)?.find((name) => startsWith(buffer, from, name));
}

/** Whether the bytes at `from` spell `name`, whatever the case of their letters. `name` is in lower case. */
function startsWith(buffer: Buffer, from: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = buffer[from + index] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== name.charCodeAt(index)) return false;
  }
  return true;
}
