import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig, usable } from '../../sidecar/config/load.js';
import { loadPolicy } from '../../sidecar/wiring/load-policy.js';
import { readStatedEndpoint } from '../../sidecar/wiring/stated-endpoint.js';
import { tempDirectory } from '../config/temp-directory.js';

const pack = (name: string) => `name: ${name}
version: "1"
rules:
  - {id: WORD, title: a word, severity: low, action: block, pattern: ${name}}
`;

/** The policy of a configuration with three packs of one word, of which the first is required. */
function policyOf(directory: string, routes: string) {
  for (const name of ['apple', 'pear', 'plum']) writeFileSync(join(directory, `${name}.yaml`), pack(name));
  const policy = `policy: {requiredPacks: [apple], routes: ${routes}}\n`;
  writeFileSync(join(directory, 'jimini.yaml'), `packs: [./apple.yaml, ./pear.yaml, ./plum.yaml]\n${policy}`);
  return loadConfig({ file: 'jimini.yaml', env: {}, directory }).then((read) => loadPolicy(usable(read)));
}

test('a named route gives its name, its packs with the required ones, and whether it goes on without records', async (t) => {
  const routes =
    '{chat: {endpoints: [/v1/chat/*], packs: [pear]}, open: {endpoints: [/v1/*], onStoreUnavailable: open, capture: full}}';
  const { routeOf } = await policyOf(tempDirectory(t), routes);
  t.deepEqual(routeOf('/v1/chat/completions'), { name: 'chat', packs: ['pear', 'apple'], loosens: true });
  t.deepEqual(routeOf('/v1/models'), { name: 'open', passesUnrecorded: true, loosens: true, capture: 'full' });
  t.is(routeOf('/v2'), undefined);
});

test('an endpoint that a caller states is on the route that a request to it is on', async (t) => {
  const { routeOf } = await policyOf(tempDirectory(t), '{chat: {endpoints: [/v1/chat/*], packs: [pear]}}');
  const chat = { route: 'chat', namedRoute: 'chat', packs: ['pear', 'apple'], ambiguous: false };
  t.deepEqual(readStatedEndpoint('/v1/x/../chat', routeOf), { endpoint: '/v1/chat', ...chat });
  const elsewhere = { endpoint: '/v1/models', route: '/v1/models', ambiguous: false };
  t.deepEqual(readStatedEndpoint('/v1/models', routeOf), elsewhere);
  t.like(readStatedEndpoint('/v1/chat/a%2fb', routeOf), { route: 'other', namedRoute: undefined, ambiguous: true });
});

test('whatever routes say is in the revision', async (t) => {
  const directory = tempDirectory(t);
  const revisions = new Set<string>();
  const said = [
    '{}',
    '{a: {endpoints: [/a]}}',
    '{b: {endpoints: [/a]}}',
    '{a: {endpoints: [/b]}}',
    '{a: {endpoints: [/a], gaps: {"reference:url": deny}}}',
    '{a: {endpoints: [/a], onError: flag}}',
    '{a: {endpoints: [/a], onStoreUnavailable: open}}',
    '{a: {endpoints: [/a], packs: [pear]}}',
  ];
  for (const routes of said) revisions.add((await policyOf(directory, routes)).snapshot.policy.revision);
  t.is(revisions.size, said.length);
});

test('a pack of a route that no file has is refused, where it stands', async (t) => {
  await t.throwsAsync(policyOf(tempDirectory(t), '{a: {endpoints: [/a], packs: [cherry]}}'), {
    message: /jimini\.yaml:2:42: policy\.routes\.a\.packs: no pack is named cherry; loaded are apple, pear, plum/,
  });
});
