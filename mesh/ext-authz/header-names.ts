/** The names that Jimini gives a meaning to upstream: a client's own copy must not get there. */
const OWN_PREFIX = 'x-jimini-';
/** Where the id of the record stands. */
export const DECISION_ID_HEADER = 'x-jimini-decision-id';
/** Where the effective verdict stands. */
export const VERDICT_HEADER = 'x-jimini-verdict';

/** A header that is written. */
export type Header = readonly [name: string, value: string];

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
 * The name at [from, to) in lower case if a server could take it for one of ours: many read `_` as `-`, as CGI does. Else
 * undefined.
 */
export function readOwnName(buffer: Buffer, from: number, to: number): string | undefined {
  if (to - from <= OWN_PREFIX.length) return undefined;
  for (let index = 0; index < OWN_PREFIX.length; index++) {
    const byte = lowerCase(buffer[from + index]);
    if ((byte === UNDERSCORE ? DASH : byte) !== OWN_PREFIX.charCodeAt(index)) return undefined;
  }
  return buffer.toString('latin1', from, to).toLowerCase();
}

/**
 * The header name at [from, to) in lower case if it is one that Jimini reads, or one of `trusted` (lower case), else undefined.
 * Compares bytes: of the twenty or more headers of a request only a handful ever become strings.
 */
export function readHeaderName(
  buffer: Buffer,
  from: number,
  to: number,
  trusted: ReadonlySet<string>,
): string | undefined {
  const known = NAMES_BY_LENGTH.get(to - from)?.find((name) => spells(buffer, from, name));
  if (known !== undefined || trusted.size === 0) return known;
  for (const name of trusted) if (name.length === to - from && spells(buffer, from, name)) return name;
  return undefined;
}

/** Whether the bytes at `from` spell `name`, whatever the case of their letters. `name` is in lower case. */
function spells(buffer: Buffer, from: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if (lowerCase(buffer[from + index]) !== name.charCodeAt(index)) return false;
  }
  return true;
}

const DASH = 0x2d;
const UNDERSCORE = 0x5f;

function lowerCase(byte = 0): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
