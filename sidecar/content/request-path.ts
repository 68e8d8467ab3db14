/** Where a request goes, in one form for all spellings. */
export interface RequestPath {
  /** Normalised path, without the query; `*` for the asterisk form, empty for the authority form and for no target. */
  readonly path: string;
  /** Raw query without its question mark; empty when there is none. */
  readonly query: string;
  /** True when servers differ on which resource the target names. */
  readonly ambiguous: boolean;
}

/** Scheme and authority of an absolute-form target (RFC 9112 section 3.2.2). */
const ABSOLUTE_FORM = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
/** Host and port of an authority-form target (RFC 9112 section 3.2.3), IPv6 literals included. */
const AUTHORITY_FORM = /^(?:\[[0-9a-f:.]+\]|[^/?#@[\]\\:%]+):\d+$/i;
/** Anything but the printable ASCII that a request target is made of (RFC 9112 section 3.2). */
const NOT_PRINTABLE_ASCII = /[^!-~]/;
/**
 * An encoded slash, backslash or control character, the first byte of an overlong form (C0, C1: RFC 3629 section 3), an
 * encoded percent sign before two digits (encoded twice), a broken sequence.
 */
const DISPUTED_ENCODING = /%(?:2f|5c|[01][0-9a-f]|7f|c[01]|25[0-9a-f]{2}|(?![0-9a-f]{2}))/i;
/** A dot segment in which a dot is encoded, or that has parameters, which some servers strip before they look. */
const DISPUTED_DOT_SEGMENT = /\/(?:(?=[^/;]*%2e)(?:\.|%2e){1,2}(?=[/;]|$)|(?:\.|%2e){0,2}(?:;|%3b))/i;
const ENCODED_BYTE = /%[0-9a-f]{2}/gi;
/** Characters that mean the same encoded and bare (RFC 3986 section 2.3). */
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Splits and normalises a request target: unreserved characters decoded, hexadecimal digits in upper case, doubled
 * slashes merged, dot segments removed (RFC 3986 section 6.2.2). The case of the path is kept. Never throws.
 */
export function readRequestPath(rawPath: string): RequestPath {
  if (rawPath === '' || rawPath === '*') return { path: rawPath, query: '', ambiguous: false };
  if (AUTHORITY_FORM.test(rawPath)) return { path: '', query: '', ambiguous: false };
  const target = rawPath.replace(ABSOLUTE_FORM, '');
  const fragment = target.indexOf('#');
  const unfragmented = fragment < 0 ? target : target.slice(0, fragment);
  const mark = unfragmented.indexOf('?');
  const path = mark < 0 ? unfragmented : unfragmented.slice(0, mark);
  const query = mark < 0 ? '' : unfragmented.slice(mark + 1);
  const resolved = resolveDotSegments(decodeUnreserved(path));
  const ambiguous = fragment >= 0 || resolved.disputed || isDisputed(path, target !== rawPath);
  return { path: resolved.path, query, ambiguous };
}

function isDisputed(path: string, isAbsolute: boolean): boolean {
  const isRooted = path.startsWith('/') || (path === '' && isAbsolute);
  return (
    !isRooted ||
    path.includes('\\') ||
    NOT_PRINTABLE_ASCII.test(path) ||
    DISPUTED_ENCODING.test(path) ||
    DISPUTED_DOT_SEGMENT.test(path)
  );
}

/** RFC 3986 sections 6.2.2.1 and 6.2.2.2. */
function decodeUnreserved(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(ENCODED_BYTE, (sequence) => {
    const character = String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    return UNRESERVED.test(character) ? character : sequence.toUpperCase();
  });
}

/** RFC 3986 section 5.2.4, with empty segments dropped. Disputed: a step above the root, or one over an empty segment. */
function resolveDotSegments(path: string): { path: string; disputed: boolean } {
  if (!/\/(?:\/|\.)/.test(path)) return { path: path.startsWith('/') ? path : `/${path}`, disputed: false };
  const segments = path.split('/').slice(path.startsWith('/') ? 1 : 0);
  const kept: string[] = [];
  let disputed = false;
  for (const [index, segment] of segments.entries()) {
    if (segment === '..') {
      disputed ||= kept.length === 0 || segments[index - 1] === '';
      kept.pop();
    } else if (segment !== '' && segment !== '.') {
      kept.push(segment);
    }
  }
  const last = segments.at(-1) ?? '';
  const isFolder = last === '' || last === '.' || last === '..';
  return { path: isFolder && kept.length > 0 ? `/${kept.join('/')}/` : `/${kept.join('/')}`, disputed };
}
