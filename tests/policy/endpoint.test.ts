import test from 'ava';
import fc from 'fast-check';
import { endpointMatcher } from '../../sidecar/policy/endpoint.js';

const row = test.macro({
  exec: (t, pattern: string, endpoint: string, expected: boolean) => t.is(endpointMatcher(pattern)(endpoint), expected),
  title: (_, pattern, endpoint, expected) => `${pattern} ${expected ? 'covers' : 'does not cover'} ${endpoint}`,
});

test(row, '/v1/chat', '/v1/chat', true);
test(row, '/v1/chat', '/v1/Chat', false);
test(row, '/v1/chat', '/v1/chat/x', false);
test(row, '/v1/chat', '/v1/chat/', true);
test(row, '/v1/chat/', '/v1/chat', false);
test(row, '/x/*', '/x', true);
test(row, '/x/*', '/x/', true);
test(row, '/x/*', '/x/y/z', true);
test(row, '/x/*', '/xfoo', false);
test(row, '/x*', '/xfoo/bar', true);
test(row, '*', '/anything/at/all', true);
test(row, '/*/chat', '/a/b/chat', true);
test(row, '/v?/chat', '/v1/chat', true);
test(row, '*/chat', '/a/chat/', true);
test(row, '/v?/chat', '/v1/chat/', true);
test(row, '/v?/chat', '/v12/chat', false);
test(row, '/v[12]/chat', '/v2/chat', true);
test(row, '/v[!12]/chat', '/v2/chat', false);
test(row, '/v[1-3]/*', '/v3', true);
test(row, '/v[1-3]/*', '/v3x', false);
test(row, '/a[b', '/a[b', true);
test(row, '/[]]', '/]', true);

const TRANSLATED = new Map([
  ['*', '[^]*'],
  ['?', '[^]'],
  ['[!a]', '[^a]'],
]);

test('a glob means what its translation to a regular expression means', (t) => {
  const piece = fc.constantFrom('a', 'b', '/', '*', '?', '[ab]', '[!a]');
  const path = fc.stringMatching(/^[ab/]{0,8}$/);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), path, (pieces, endpoint) => {
      fc.pre(/[*?[]/.test(pieces.join('')) && !pieces.join('').endsWith('/*'));
      const source = pieces.map((p) => TRANSLATED.get(p) ?? p).join('');
      return endpointMatcher(pieces.join(''))(endpoint) === new RegExp(`^${source}/?$`).test(endpoint);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a glob of many stars takes linear time', (t) => {
  t.false(endpointMatcher(`${'*a'.repeat(200)}b`)('a'.repeat(5000)));
});
