/** What the fields of a request say, or that they are malformed (RFC 9113 section 8.1.1). `flat`: name, value, name, value, ... */
export function checkRequest(flat: readonly string[]): { bodyBytes: number | undefined } | 'malformed' {
  let seen = 0;
  let bodyBytes: number | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    if (BAD_VALUE.test(value)) return 'malformed';
    const pseudo = PSEUDO.get(name);
    if (pseudo === undefined) {
      seen |= REGULAR;
      if (!isRegularField(name, value)) return 'malformed';
      if (name === 'content-length') {
        if (!LENGTH.test(value) || (bodyBytes !== undefined && bodyBytes !== Number(value))) return 'malformed';
        bodyBytes = Number(value);
      }
    } else if ((seen & (pseudo | REGULAR)) !== 0 || value === '') return 'malformed';
    else seen |= pseudo;
  }
  return (seen & NEEDED) === NEEDED ? { bodyBytes } : 'malformed';
}

/** Whether trailers are what they may be: they have no pseudo-header fields (RFC 9113 section 8.1). */
export function areTrailers(flat: readonly string[]): boolean {
  for (let i = 0; i < flat.length; i += 2) {
    if (BAD_VALUE.test(flat[i + 1] as string) || !isRegularField(flat[i] as string, flat[i + 1] as string))
      return false;
  }
  return true;
}

/** Bits of what was seen. All but the authority must be there, once and in front (RFC 9113 sections 8.3 and 8.3.1). CONNECT, which has no path, is not served. */
const PSEUDO: ReadonlyMap<string, number> = new Map([
  [':method', 1],
  [':scheme', 2],
  [':path', 4],
  [':authority', 8],
]);
const NEEDED = 1 | 2 | 4;
const REGULAR = 16;

/** RFC 9113 section 8.2.1. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
/** RFC 9113 section 8.2.1: visible ASCII without capitals, and no colon. */
const NAME = /^[!-9;-@[-~]+$/;
const LENGTH = /^[0-9]{1,15}$/;

/** Names that nearly every call has, so that they are not looked at letter by letter. */
const USUAL: ReadonlySet<string> = new Set(['content-type', 'user-agent', 'grpc-timeout', 'grpc-accept-encoding']);
/** Fields of a connection of HTTP/1.1 (RFC 9113 section 8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function isRegularField(name: string, value: string): boolean {
  if (USUAL.has(name)) return true;
  if (name === 'te') return value === 'trailers'; // RFC 9113 section 8.2.2
  return NAME.test(name) && !OF_CONNECTION.has(name);
}
