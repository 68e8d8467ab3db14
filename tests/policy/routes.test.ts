import test from 'ava';
import { createRouteFinder } from '../../sidecar/policy/routes.js';

const find = createRouteFinder([
  { name: 'images', endpoints: ['/v1/images/*', 'pictures'], packs: ['pii'] },
  { name: 'rest', endpoints: ['/v1/*'] },
]);

for (const [endpoint, name] of [
  ['/v1/images', 'images'],
  ['/v1/images/edits', 'images'],
  ['pictures', 'images'],
  ['/v1/chat/completions', 'rest'],
  ['/v1/imagesx', 'rest'],
  ['/v2/images', undefined],
  ['', undefined],
] as const) {
  test(`the first route with a pattern for ${endpoint || 'no endpoint'} is ${name ?? 'none'}`, (t) => {
    t.is(find(endpoint)?.name, name);
  });
}

test('a route has packs only if it chooses some', (t) => {
  t.deepEqual(find('/v1/images'), { name: 'images', packs: ['pii'] });
  t.deepEqual(find('/v1/x'), { name: 'rest' });
});
