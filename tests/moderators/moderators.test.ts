import test from 'ava';
import type { ModeratorSettings } from '../../adapters/moderators/moderator.js';
import { createModerators } from '../../adapters/moderators/moderators.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { answers, chat, type StandIn, says, startStandIn } from './stand-in.js';

function settingsFor({ url }: StandIn, more: Partial<ModeratorSettings> = {}): ModeratorSettings {
  return {
    name: 'default',
    kind: 'http',
    url,
    model: 'm-1',
    timeoutMs: 2_000,
    concurrency: 4,
    cacheEntries: 10,
    ...more,
  };
}

function createTestModerators() {
  const told: string[] = [];
  const moderators = createModerators({
    clock: systemClock,
    random: (count) => new Uint8Array(count),
    observe: (name, { result, cached }) => told.push(`${name} ${result}${cached ? ' cached' : ''}`),
    onState: (name, state) => told.push(`${name} is ${state}`),
  });
  const ask = (text: string, classifier = 'default') => moderators.ask({ classifier, prompt: 'p', text });
  return { moderators, told, ask };
}

test('each kind speaks its own API, and the answer names the model', async (t) => {
  const model = await startStandIn((response, received) => {
    const behaviour = {
      '{"model":"m-1","prompt":"p","text":"x"}': says({ hit: true }),
      '{"model":"m-1","input":"x"}': says({ results: [{ categories: { p: true } }] }),
    }[JSON.stringify(received.json)];
    (behaviour ?? chat('yes'))(response, received);
  });
  const { moderators, ask } = createTestModerators();
  const kinds = ['http', 'openai-moderation', 'openai-chat'] as const;
  moderators.use(kinds.map((kind) => settingsFor(model, { name: kind, kind })));
  for (const kind of kinds) t.deepEqual(await ask('x', kind), { said: 'yes', model: 'm-1' });
  t.is(model.received.length, 3);
  await model.close();
});

test('a name that is not configured (any more) gets no answer', async (t) => {
  const model = await startStandIn(says({ hit: true }));
  const { moderators, ask, told } = createTestModerators();
  t.deepEqual(await ask('x'), { said: 'failed', model: '' });
  moderators.use([settingsFor(model)]);
  t.is((await ask('x')).said, 'yes');
  moderators.use([]);
  t.is((await ask('x')).said, 'failed');
  t.deepEqual(told, ['default yes']);
  t.deepEqual([...moderators.breakers()], []);
  await model.close();
});

test('a reload keeps memory and breaker of a moderator that is as before, and of no other', async (t) => {
  const model = await startStandIn(says({ hit: true }));
  const { moderators, ask, told } = createTestModerators();
  moderators.use([settingsFor(model)]);
  await ask('x');
  moderators.use([settingsFor(model)]);
  await ask('x');
  t.deepEqual(told.splice(0), ['default yes', 'default yes cached']);

  model.behave(answers(429, { 'retry-after': '60' }));
  await ask('y');
  moderators.use([settingsFor(model)]);
  await ask('z');
  t.deepEqual(told.splice(0), ['default is open', 'default status', 'default breaker_open']);
  t.is([...moderators.breakers()][0]?.[1].state, 'open');

  moderators.use([settingsFor(model, { key: 'another' })]);
  model.behave(says({ hit: false }));
  t.deepEqual(await ask('x'), { said: 'no', model: 'm-1' });
  t.is(model.received.at(-1)?.headers.authorization, 'Bearer another');
  await model.close();
});
