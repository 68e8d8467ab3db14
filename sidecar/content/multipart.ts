import { LIMITS } from '../kernel/limits.js';

/** One part of a multipart body. */
export interface Part {
  /** Name of the form field; empty when there is none. */
  readonly name: string;
  /** Value of Content-Disposition, which holds name and file name; empty when there is none. */
  readonly disposition: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** A boundary parameter as RFC 2046 section 5.1.1 allows it: up to 70 characters of a small alphabet, bare or quoted. */
const BOUNDARY =
  /;[ \t]*boundary=(?:"([\w'()+,./:=? -]{0,69}[\w'()+,./:=?-])"|([\w!#$%&'*+.^`|~-]{1,70}))[ \t]*(?=;|$)/gi;
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*)$/;
/**
 * `form-data` and what forms say beside it, each in the one spelling that all parsers read alike (RFC 7578 section 4.2). .NET
 * says the name of a file once more, as RFC 8187 writes it: what it is a name of does not depend on which of the two counts.
 */
const DISPOSITION =
  /^form-data(?:; ?(?:file)?name=(?:"[^"\\]*"|[\w.-]+))*(?:; ?filename=(?:"[^"\\]*"|[\w.-]+); ?filename\*=utf-8''[\w!#$&+.^`|~%-]+)?$/i;
const NAME = /; ?name=(?:"([^"\\]*)"|([\w.-]+))/gi;
const FILE_NAME = /; ?filename=/gi;
/** Others mean things to some parsers. */
const HEADERS_READ: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-length',
  'content-type',
  'content-transfer-encoding',
]);
/** Codings that leave the bytes as they are (RFC 2045 section 6). Others are obsolete in forms (RFC 7578 section 4.7). */
const PLAIN_TRANSFER = /^(?:7bit|8bit|binary)$/i;

/**
 * The parts of a multipart body (RFC 2046, RFC 7578); undefined when readers could differ on them: a boundary that is
 * missing, named twice or found in a part, another media type, bytes outside of all parts, line ends that are not CRLF, headers that are
 * folded, repeated or of other names, a disposition in another form, a transfer coding, a length that is not that of the part,
 * an end that is missing. Clients of APIs write none of that.
 */
export function splitMultipart(bytes: Uint8Array, contentType: string): readonly Part[] | undefined {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  if (!body.subarray(0, delimiter.length).equals(delimiter)) return undefined;
  const parts: Part[] = [];
  for (let at = delimiter.length; ; ) {
    const follows = body.toString('latin1', at, at + 4);
    if (follows === '--' || follows === '--\r\n') return at + follows.length === body.length ? parts : undefined;
    const next = body.indexOf(delimiter, at);
    if (!follows.startsWith('\r\n') || next < 0 || parts.length >= LIMITS.multipartPartsMax) return undefined;
    // The line end before a delimiter belongs to the delimiter.
    if (body.toString('latin1', next - 2, next) !== '\r\n') return undefined;
    const part = partOf(body.subarray(at + 2, next - 2));
    if (!part) return undefined;
    parts.push(part);
    at = next + delimiter.length;
  }
}

function boundaryOf(contentType: string): string | undefined {
  if (contentType.length > LIMITS.multipartHeadBytesMax || contentType.match(/boundary/gi)?.length !== 1)
    return undefined;
  // Behind a comma stands another header, or before it: a server may take the body for what that one says.
  if (contentType.replace(BOUNDARY, '').includes(',')) return undefined;
  const [found] = contentType.matchAll(BOUNDARY);
  return found?.[1] ?? found?.[2];
}

function partOf(bytes: Buffer): Part | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0 || end > LIMITS.multipartHeadBytesMax) return undefined;
  const headers = new Map<string, string>();
  for (const line of bytes.toString('utf8', 0, end).split('\r\n')) {
    const [, name, value] = HEADER.exec(line) ?? [];
    const key = name?.toLowerCase() ?? '';
    if (value === undefined || !HEADERS_READ.has(key) || headers.has(key)) return undefined;
    headers.set(key, value.trim());
  }
  if (!PLAIN_TRANSFER.test(headers.get('content-transfer-encoding') ?? 'binary')) return undefined;
  const content = bytes.subarray(end + 4);
  const { length } = content;
  // OkHttp states it; a parser that goes by it must not find another end than we do.
  if ((headers.get('content-length') ?? `${length}`) !== `${length}`) return undefined;
  const disposition = headers.get('content-disposition') ?? '';
  const names = [...disposition.matchAll(NAME)];
  const isPlain = disposition === '' || (DISPOSITION.test(disposition) && names.length === 1);
  if (!isPlain || [...disposition.matchAll(FILE_NAME)].length > 1) return undefined;
  return {
    name: names[0]?.[1] ?? names[0]?.[2] ?? '',
    disposition,
    contentType: headers.get('content-type') ?? 'text/plain',
    bytes: content,
  };
}
