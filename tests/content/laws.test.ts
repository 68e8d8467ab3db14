import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import type { Segment } from '../../sidecar/kernel/evaluation.js';
import { readTestBody } from './read-test-body.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Names and strings that readers stumble over. */
const hardText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '',
    'a/b',
    '~1',
    '"',
    '\\',
    '\\"',
    '\n',
    '\u2028',
    '0',
    'messages',
    'role',
  ),
);
/** Longer than what is decoded in a loop. */
const longText = fc
  .tuple(hardText, fc.integer({ min: 250, max: 300 }))
  .map(([text, length]) => text.padEnd(length, 'x'));
const json = jsonOf(fc.oneof(hardText, longText));
const shortJson = jsonOf(hardText);
const layout = fc.constantFrom(undefined, 2, '\t', '\r\n ');
const chatBody = fc.record({
  messages: fc.array(fc.record({ role: fc.constantFrom('system', 'user', 'tool', 'x'), content: shortJson }), {
    maxLength: 4,
  }),
  rest: shortJson,
});

test('every string and name of any JSON value is read, once and in order', (t) => {
  fc.assert(
    fc.property(json, layout, (value, space) => {
      const { segments, gaps } = readTestBody(JSON.stringify(value, null, space));
      const texts = segments.filter(isOriginalText).map(({ text }) => text);
      return gaps.length === 0 && isDeepStrictEqual(texts, [...textsOf(value)]);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

// Names here are short: pointers over the bound are cut, which tests/content/hostile.test.ts shows.
test('every pointer leads to the text of its segment', (t) => {
  fc.assert(
    fc.property(fc.oneof(shortJson, chatBody as fc.Arbitrary<Json>), (value) =>
      readTestBody(JSON.stringify(value))
        .segments.filter(isOriginalText)
        .every((segment) => leadsToItsText(value, segment)),
    ),
    { numRuns: 500 },
  );
  t.pass();
});

test('escaping every character of a body changes nothing that is read', (t) => {
  fc.assert(
    fc.property(json, (value) => {
      const plain = JSON.stringify(value);
      return isDeepStrictEqual(readTestBody(escapeStrings(plain)).segments, readTestBody(plain).segments);
    }),
  );
  t.pass();
});

test('random bytes under random headers never throw', (t) => {
  const headers = fc.record({
    contentType: fc.oneof(fc.string(), fc.constantFrom('application/json', 'image/png', 'text/plain; charset=x')),
    contentEncoding: fc.oneof(fc.constant(''), fc.string()),
  });
  const isRead = (bytes: Uint8Array, header: { contentType: string; contentEncoding: string }) =>
    Array.isArray(readTestBody(bytes, header).segments);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), headers, isRead), { numRuns: 1000 });
  t.pass();
});

test('a body that is declared JSON is malformed exactly when the standard parser says so', (t) => {
  const mutated = fc
    .tuple(
      fc.oneof(chatBody, json),
      fc.nat(),
      fc.oneof(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '\n', '1', 'e', ''), fc.string()),
      fc.nat(3),
    )
    .map(([value, position, insert, drop]) => {
      const body = JSON.stringify(value);
      const at = position % (body.length + 1);
      return body.slice(0, at) + insert + body.slice(at + drop);
    })
    .filter((body) => body !== '' && body.isWellFormed() && !body.startsWith('\ufeff'));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.json()), (body) => {
      const isMalformed = readTestBody(body).gaps.some(({ kind }) => kind === 'json:malformed');
      return isMalformed === !parses(body);
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test('a malformed body is judged as a whole as well', (t) => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((body) => !parses(body) && body.isWellFormed()),
      (body) => {
        const { segments } = readTestBody(body);
        return segments.some(({ text, derived, pointer }) => text === body && !derived && pointer === '');
      },
    ),
  );
  t.pass();
});

test('reading leaves the prototype of all objects alone', (t) => {
  const before = Object.getOwnPropertyNames(Object.prototype).sort();
  readTestBody('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}');
  t.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), before);
  t.false('polluted' in {});
});

/** Any JSON value of such texts. */
function jsonOf(text: fc.Arbitrary<string>): fc.Arbitrary<Json> {
  return fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      text,
      fc.constantFrom(null, true, false),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(text, tie('value'), { maxKeys: 6, noNullPrototype: true }),
    ),
  })).value;
}

/** The plain recursive reading that ours must agree with. */
function* textsOf(value: Json): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const item of value) yield* textsOf(item);
  else if (value !== null && typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      yield name;
      yield* textsOf(member);
    }
  } else if (typeof value === 'number' && JSON.stringify(value).replaceAll(/\D/g, '').length >= 6) {
    yield JSON.stringify(value);
  }
}

function isOriginalText(segment: Segment): boolean {
  return segment.derived !== true;
}

function leadsToItsText(value: Json, { pointer, text }: Segment): boolean {
  const candidates = [resolve(value, pointer)].map((found) =>
    typeof found === 'number' ? JSON.stringify(found) : found,
  );
  if (pointer.endsWith('#')) candidates.push(lastToken(pointer.slice(0, -1)));
  return candidates.includes(text);
}

/** RFC 6901 section 4. */
function resolve(value: Json, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const token of pointer.split('/').slice(1)) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, unescapeToken(token))) return undefined;
    found = (found as { [key: string]: Json })[unescapeToken(token)];
  }
  return found;
}

function lastToken(pointer: string): string {
  return unescapeToken(pointer.slice(pointer.lastIndexOf('/') + 1));
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Writes every character inside strings as a `\u` escape. */
function escapeStrings(body: string): string {
  return body.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (literal) => {
    const text = JSON.parse(literal) as string;
    return `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
  });
}

function parses(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}
