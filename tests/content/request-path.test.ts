import test from 'ava';
import fc from 'fast-check';
import { apiPathLabel } from '../../sidecar/content/api-path-label.js';
import { readRequestPath } from '../../sidecar/content/request-path.js';

const means = test.macro((t, raw: string, path: string, query = '') => {
  t.deepEqual(readRequestPath(raw), { path, query, ambiguous: false });
});
const isAmbiguous = test.macro((t, raw: string) => {
  t.true(readRequestPath(raw).ambiguous);
});

test('a plain path', means, '/v1/chat/completions', '/v1/chat/completions');
test('a query', means, '/v1/x?a=/../b?c', '/v1/x', 'a=/../b?c');
test('an empty query', means, '/v1/x?', '/v1/x');
test('encoded unreserved characters', means, '/v1/%63h%61t', '/v1/chat');
test('other encoded characters stay encoded, in upper case', means, '/caf%c3%a9%20', '/caf%C3%A9%20');
test('doubled slashes', means, '//v1///chat//', '/v1/chat/');
test('dot segments', means, '/v1/./a/../chat/.', '/v1/chat/');
test('dots that are no dot segments', means, '/.well-known/...;v=1/%2e%2ehidden', '/.well-known/...;v=1/..hidden');
test('a last dot segment leaves a folder', means, '/a/b/..', '/a/');
test('path parameters', means, '/a;v=1/b', '/a;v=1/b');
test('an encoded percent sign', means, '/100%25', '/100%25');
test('the case of a path counts', means, '/V1/Chat', '/V1/Chat');
test('the absolute form', means, 'http://api.example.com:8080/v1/x?q', '/v1/x', 'q');
test('the absolute form without a path', means, 'HTTPS://api.example.com', '/');
test('the absolute form with a query only', means, 'http://api.example.com?q', '/', 'q');
test('the authority form', means, 'api.example.com:443', '');
test('the authority form with an IPv6 address', means, '[2001:db8::1]:443', '');
test('the asterisk form', means, '*', '*');
test('no target', means, '', '');

test('an encoded slash', isAmbiguous, '/v1%2fchat');
test('an encoded backslash', isAmbiguous, '/v1%5Cchat');
test('a backslash', isAmbiguous, '/v1\\chat');
test('an encoded NUL', isAmbiguous, '/v1/%00chat');
test('an encoded line end', isAmbiguous, '/v1/images/..%0a/chat');
test('an encoded delete character', isAmbiguous, '/v1/%7Fchat');
test('an overlong slash', isAmbiguous, '/v1/images/..%c0%af../chat');
test('characters that are encoded twice', isAmbiguous, '/v1/%252e%252e/x');
test('a broken percent sequence', isAmbiguous, '/v1/%zz');
test('a percent sign at the end', isAmbiguous, '/v1/%');
test('encoded dot segments', isAmbiguous, '/v1/%2e%2E/x');
test('a half-encoded dot segment', isAmbiguous, '/v1/.%2e');
test('dot segments with parameters', isAmbiguous, '/v1/..;/x');
test('dot segments with an encoded semicolon', isAmbiguous, '/v1/..%3Bx/y');
test('an empty segment with parameters', isAmbiguous, '/;x/y');
test('a step above the root', isAmbiguous, '/../x');
test('a step over an empty segment', isAmbiguous, '/a//../x');
test('a fragment', isAmbiguous, '/v1/x#y');
test('a fragment behind a query', isAmbiguous, '/v1/x?a#y');
test('a space', isAmbiguous, '/v1/x y');
test('a control character', isAmbiguous, '/v1/x\u0001');
test('a character that is no ASCII', isAmbiguous, '/v1/é');
test('a target of no form', isAmbiguous, 'v1/chat');

test('a path that is not ambiguous is in its normal form', (t) => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    'a',
    '%61',
    '%2e',
    '%2F',
    '//',
    ';',
    '%',
    '?',
    '#',
    '\\',
    '%c3',
    'é',
    '*',
    ':',
  );
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => `/${pieces.join('')}`),
      (raw) => {
        const first = readRequestPath(raw);
        const second = readRequestPath(first.path);
        return first.ambiguous || (second.path === first.path && !second.ambiguous && second.query === '');
      },
    ),
    { numRuns: 5000 },
  );
  t.pass();
});

test('where the path of a URL parser differs, it is only in spelling', (t) => {
  const segment = fc.constantFrom('a', '..', '.', 'v1', 'b c', 'é');
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1 }), (segments) => {
      const url = new URL(`http://h/${segments.join('/')}`);
      return readRequestPath(url.pathname).path === url.pathname;
    }),
  );
  t.pass();
});

test('random targets never throw, and are no known path', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath()),
      (raw) => apiPathLabel(readRequestPath(raw).path) === 'other',
    ),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a target of a megabyte is read in one go', (t) => {
  t.true(readRequestPath('/%2e'.repeat(250_000)).ambiguous);
  t.true(readRequestPath(`/${'%25'.repeat(300_000)}%`).ambiguous);
  t.is(readRequestPath('/a'.repeat(500_000)).path.length, 1_000_000);
});

const isLabelled = test.macro((t, path: string, label: string) => t.is(apiPathLabel(path), label));
test('a known path is its own label', isLabelled, '/v1/chat/completions', '/v1/chat/completions');
test('a trailing slash does not make it another', isLabelled, '/v1/evaluate/', '/v1/evaluate');
for (const [path, label] of [
  ['/v1/messages', '/v1/messages'],
  ['/openai/v1/responses', '/openai/v1/responses'],
  ['/v1beta/openai/chat/completions', '/v1beta/openai/chat/completions'],
  ['/openai/deployments/secret-name/chat/completions', '/openai/deployments/*/chat/completions'],
  ['/openai/deployments/secret-name/audio/transcriptions', '/openai/deployments/*/audio/transcriptions'],
  ['/v1beta/models/gemini-x:generateContent', '/v1/models/*:generateContent'],
  ['/v1/models/gemini-x:countTokens', '/v1/models/*:countTokens'],
  ['/v1beta/tunedModels/mine:streamGenerateContent', '/v1/models/*:streamGenerateContent'],
  [
    '/v1/projects/my-project/locations/us-central1/publishers/google/models/gemini-x:generateContent',
    '/v1/publishers/*/models/*:generateContent',
  ],
  [
    '/v1beta1/projects/p/locations/global/publishers/anthropic/models/claude-x@20250101:streamRawPredict',
    '/v1/publishers/*/models/*:streamRawPredict',
  ],
  ['/v1/publishers/google/models/gemini-x:generateContent', '/v1/publishers/*/models/*:generateContent'],
  ['/v1/projects/p/locations/l/endpoints/123:predict', '/v1/endpoints/*:predict'],
  ['/v1beta1/projects/p/locations/l/endpoints/openapi/chat/completions', '/v1/endpoints/*/chat/completions'],
  ['/model/anthropic.claude-x%3A0/invoke', '/model/*/invoke'],
  ['/model/amazon.x/invoke-with-response-stream', '/model/*/invoke'],
  ['/model/amazon.x/converse', '/model/*/converse'],
  ['/model/amazon.x/converse-stream', '/model/*/converse'],
] as const) {
  test(`the label of ${path} names its operation, and nobody's model`, isLabelled, path, label);
}
for (const path of [
  '/v1/models/gemini-x:deleteEverything',
  '/v1/models/a/b:generateContent',
  '/v1/projects/p/publishers/google/models/m:generateContent',
  '/openai/deployments/d/users',
  '/model/m/converse-with-response-stream',
]) {
  test(`${path} is no known operation`, isLabelled, path, 'other');
}
test('any other path is other', isLabelled, '/users/jane/secret', 'other');
test('a longer path is other', isLabelled, '/v1/chat/completions/x', 'other');
test('no path is other', isLabelled, '', 'other');
