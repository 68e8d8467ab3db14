import { deflateSync, gzipSync } from 'node:zlib';
import type { FuzzBody } from './corpus.js';
import type { Random } from './random.js';

/** Tokens of JSON, and what stands between them. Parts of other formats are cut into words and signs by it. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,&=;]|--[\w-]+|[^"{}[\]:,&=;]+|"/gs;

/** Pieces that mean something to some reader. */
const PIECES: readonly string[] = [
  ...['{', '}', '[', ']', ':', ',', '"', '\\', '\\"', '\\\\', '\n', '\r\n', '\0', '\ufeff', '\u2028', '\x1e'],
  ...['null', 'true', '-', '1e400', '4111111111111111', '-0', '1.5e-7', 'NaN', '/*', '*/', '//', "'"],
  ...[
    '"\\u0041"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u005cu0041"',
    '"{\\"a\\":[\\"\\\\u0041\\"]}"',
    '"\\q"',
    '"\\u12"',
  ],
  ...[
    '"role"',
    '"Role"',
    '"content"',
    '"text"',
    '"messages"',
    '"input"',
    '"contents"',
    '"system"',
    '"arguments"',
    '"type"',
  ],
  ...[
    '"data:image/png;base64,AAAA"',
    '"image_url"',
    '"file_id"',
    '"__proto__"',
    '""',
    '"a/b~c"',
    '"previous_response_id"',
  ],
  ...['&', '=', '%', '%41', '%zz', '+', ';', '_charset_=x', '--b0undary', '--b0undary--\r\n', '\r\n\r\n'],
  ...['Content-Disposition: form-data; name="a"', 'Content-Type: application/json', 'é', '😀', '\u200b', '\ud83d'],
];

const CONTENT_TYPES: readonly string[] = [
  ...['', 'application/json', 'application/json; charset=utf-8', 'text/plain', 'text/plain; charset=iso-8859-1'],
  ...['application/jsonl', 'application/x-www-form-urlencoded', 'application/octet-stream', 'image/png'],
  ...['multipart/form-data; boundary=b0undary', 'multipart/form-data; boundary="b0undary"', 'multipart/mixed'],
  ...['application/grpc', 'application/json, text/plain', 'text/html; charset=utf-16', 'application/json; charset="'],
];
const CODINGS: readonly string[] = ['', '', '', 'gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, gzip', 'x', ','];

/** Most bytes that repeating may make of a body: enough that a reader that is not linear is felt. */
const BYTES_MAX = 64 * 1024;

/** One body made from others by a few changes to its tokens, its bytes and its headers. */
export function mutated(bodies: readonly FuzzBody[], random: Random): FuzzBody {
  let { bytes, contentType, contentEncoding } = random.of(bodies);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const kind = random.below(10);
    if (kind < 6) bytes = changedTokens(bytes, bodies, random);
    else if (kind < 8) bytes = changedBytes(bytes, random);
    else if (kind === 8) contentType = changedHeader(contentType, CONTENT_TYPES, random);
    else contentEncoding = changedHeader(contentEncoding, CODINGS, random);
  }
  if (random.oneIn(1000)) bytes = repeated(bytes, random);
  if (random.oneIn(100)) return { bytes: gzipSync(bytes), contentType, contentEncoding: 'gzip' };
  if (random.oneIn(200)) return { bytes: deflateSync(bytes), contentType, contentEncoding: 'deflate' };
  return { bytes, contentType, contentEncoding };
}

/** Cut at tokens, so that most of what comes out is still nearly what it was. */
function changedTokens(bytes: Uint8Array, bodies: readonly FuzzBody[], random: Random): Uint8Array {
  const tokens = latin1(bytes).match(TOKENS) ?? [''];
  const at = random.below(tokens.length);
  const [from, count] = [random.below(tokens.length), 1 + random.below(8)];
  switch (random.below(8)) {
    case 0:
      tokens.splice(at, count);
      break;
    case 1:
      tokens.splice(at, 0, ...tokens.slice(from, from + count));
      break;
    case 2:
      [tokens[at], tokens[from]] = [tokens[from] ?? '', tokens[at] ?? ''];
      break;
    case 3:
      tokens[at] = piece(random);
      break;
    case 4:
      tokens.splice(at, 0, piece(random));
      break;
    case 5: {
      const others = latin1(random.of(bodies).bytes).match(TOKENS) ?? [];
      tokens.splice(at, 1, ...others.slice(0, 40));
      break;
    }
    case 6: {
      const depth = 1 + random.below(random.oneIn(50) ? 200 : 8);
      tokens[at] = `${'['.repeat(depth)}${tokens[at]}${']'.repeat(depth)}`;
      break;
    }
    default:
      // As a string of JSON in JSON.
      tokens[at] = JSON.stringify(tokens[at]);
  }
  return Buffer.from(tokens.join(''), 'latin1');
}

function changedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = Buffer.from(bytes);
  const at = random.below(changed.length + 1);
  switch (random.below(4)) {
    case 0:
      if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << random.below(8));
      return changed;
    case 1:
      return Buffer.concat([changed.subarray(0, at), Buffer.from([random.below(256)]), changed.subarray(at)]);
    case 2:
      return Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random.below(16))]);
    default:
      return changed.subarray(0, at);
  }
}

function repeated(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const part = bytes.subarray(at, at + 1 + random.below(40));
  const times = Math.floor(BYTES_MAX / (part.length + 1));
  return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: times }, () => part), bytes.subarray(at)]);
}

function changedHeader(value: string, known: readonly string[], random: Random): string {
  if (!random.oneIn(4)) return random.of(known);
  const at = random.below(value.length + 1);
  return value.slice(0, at) + random.of([';', ',', '"', ' ', '=', 'x', '\0']) + value.slice(at + random.below(3));
}

function piece(random: Random): string {
  return Buffer.from(random.of(PIECES)).toString('latin1');
}

/** A character for a byte, so that what is no UTF-8 stays as it is. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
