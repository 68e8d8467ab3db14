import { once } from 'node:events';
import { createServer } from 'node:net';
import { brotliCompressSync, constants } from 'node:zlib';
import test from 'ava';
import { createHttpJson } from '../../adapters/moderators/http-json.js';
import { type FaultKind, type Moderator, ModeratorFault } from '../../adapters/moderators/moderator.js';
import { createOpenAiChat } from '../../adapters/moderators/openai-chat.js';
import { createOpenAiModeration } from '../../adapters/moderators/openai-moderation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { answers, type Behaviour, chat, hangs, type StandIn, says, startStandIn } from './stand-in.js';

const CLIENTS = {
  'openai-chat': createOpenAiChat,
  'openai-moderation': createOpenAiModeration,
  http: createHttpJson,
};

const soon = () => AbortSignal.timeout(5_000);

async function withStandIn(behaviour: Behaviour, run: (standIn: StandIn) => Promise<void>): Promise<void> {
  const standIn = await startStandIn(behaviour);
  try {
    await run(standIn);
  } finally {
    await standIn.close();
  }
}

/** What the client makes of an answer: yes, no, or the kind of fault. */
async function outcomeOf(moderator: Moderator, prompt = 'Is it?', signal = soon()): Promise<boolean | FaultKind> {
  try {
    return await moderator.ask(prompt, 'the text', signal);
  } catch (error) {
    if (error instanceof ModeratorFault) return error.kind;
    throw error;
  }
}

test('a chat model gets the prompt as system message and the text as user message, and nothing else', async (t) => {
  await withStandIn(chat('Yes.'), async ({ url, received }) => {
    t.true(await createOpenAiChat({ url, model: 'm-1', key: 'k-canary' }).ask('Is it?', 'the text', soon()));
    t.deepEqual(received[0]?.json, {
      model: 'm-1',
      messages: [
        { role: 'system', content: 'Is it?' },
        { role: 'user', content: 'the text' },
      ],
    });
    t.is(received[0]?.path, '/v1/ask');
    t.like(received[0]?.headers, { authorization: 'Bearer k-canary', 'content-type': 'application/json' });
  });
});

for (const [content, expected] of [
  ['yes', true],
  ['YES, clearly', true],
  ['  \nYes', true],
  ['yesterday it rained', true],
  ['No', false],
  ['I would say yes', false],
  ['"yes"', false],
  ['', 'malformed'],
  [' \n', 'malformed'],
  [null, 'malformed'],
  [['yes'], 'malformed'],
] as const) {
  test(`a chat model that says ${JSON.stringify(content)} means ${expected}`, async (t) => {
    await withStandIn(chat(content), async ({ url }) => {
      t.is(await outcomeOf(createOpenAiChat({ url, model: 'm' })), expected);
    });
  });
}

test('a moderation model gets the text alone', async (t) => {
  await withStandIn(says({ results: [{ flagged: false, categories: {} }] }), async ({ url, received }) => {
    await createOpenAiModeration({ url, model: 'm-2' }).ask('flagged', 'the text', soon());
    t.deepEqual(received[0]?.json, { model: 'm-2', input: 'the text' });
    t.is(received[0]?.headers.authorization, undefined);
  });
});

for (const [prompt, expected] of [
  ['flagged', true],
  ['hate/threatening', true],
  ['violence, hate/threatening', true],
  ['violence', false],
  ['self-harm , violence', false],
  ['no-such-category', 'malformed'],
  ['hate/threatening, no-such-category', 'malformed'],
  ['constructor', 'malformed'],
  ['', 'malformed'],
] as const) {
  test(`of a moderation the categories "${prompt}" mean ${expected}`, async (t) => {
    const categories = { violence: false, 'self-harm': false, 'hate/threatening': true };
    await withStandIn(says({ results: [{ flagged: true, categories }] }), async ({ url }) => {
      t.is(await outcomeOf(createOpenAiModeration({ url, model: 'm' }), prompt), expected);
    });
  });
}

for (const [answer, expected] of [
  [{ hit: true }, true],
  [{ hit: false, score: 0.2 }, false],
  [{ hit: 'true' }, 'malformed'],
  [{ hit: 1 }, 'malformed'],
  [{}, 'malformed'],
] as const) {
  test(`a model server of one's own that answers ${JSON.stringify(answer)} means ${expected}`, async (t) => {
    await withStandIn(says(answer), async ({ url, received }) => {
      t.is(await outcomeOf(createHttpJson({ url, model: 'm-3' })), expected);
      t.deepEqual(received[0]?.json, { model: 'm-3', prompt: 'Is it?', text: 'the text' });
    });
  });
}

const HUGE = Buffer.alloc(LIMITS.classifierAnswerBytesMax + 1, ' ');
const BOMB = brotliCompressSync(Buffer.alloc(64 * 1024 * 1024, ' '), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
});

const BAD: readonly (readonly [what: string, behaviour: Behaviour, expected: FaultKind])[] = [
  ['something that is not JSON', answers(200, {}, '<html>welcome</html>'), 'malformed'],
  ['nothing', answers(200), 'malformed'],
  ['bytes that are not UTF-8', answers(200, {}, Buffer.from('7b22ff227d', 'hex')), 'malformed'],
  ['null', says(null), 'malformed'],
  ['a list', says([]), 'malformed'],
  ['an error in a 200', says({ error: { message: 'overloaded' } }), 'malformed'],
  ['members with the right names and other types', says({ choices: {}, results: 'x', hit: null }), 'malformed'],
  ['a 500', answers(500, {}, 'oops'), 'status'],
  ['a 503', answers(503), 'status'],
  ['a 429', answers(429, { 'retry-after': '7' }), 'status'],
  ['a 401', answers(401, {}, '{"error":"key"}'), 'status'],
  ['a 404', answers(404), 'status'],
  ['a 400', answers(400, {}, '{"error":"filtered"}'), 'rejected'],
  ['a 204', answers(204), 'status'],
  ['a huge body', answers(200, {}, HUGE), 'too_large'],
  ['a small body that unpacks to 64 MiB', answers(200, { 'content-encoding': 'br' }, BOMB), 'too_large'],
  ['a body in a damaged coding', answers(200, { 'content-encoding': 'gzip' }, 'not gzip'), 'unreachable'],
  [
    'a body that breaks off',
    (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"hit":');
      setTimeout(() => response.destroy(), 20);
    },
    'unreachable',
  ],
  ['a broken connection', (response) => response.destroy(), 'unreachable'],
  [
    'a body without end',
    (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '.repeat(8192)), 1);
      response.on('close', () => clearInterval(timer));
    },
    'too_large',
  ],
];

for (const [kind, create] of Object.entries(CLIENTS)) {
  for (const [what, behaviour, expected] of BAD) {
    test(`${kind}: ${what} is no answer (${expected})`, async (t) => {
      await withStandIn(behaviour, async ({ url }) => {
        t.is(await outcomeOf(create({ url, model: 'm' }), 'flagged'), expected);
      });
    });
  }
}

test('a redirect is not followed, so that neither text nor key goes elsewhere', async (t) => {
  await withStandIn(says({ hit: true }), async (elsewhere) => {
    for (const status of [301, 302, 307, 308]) {
      await withStandIn(answers(status, { location: elsewhere.url }), async ({ url }) => {
        t.is(await outcomeOf(createHttpJson({ url, model: 'm', key: 'k' })), 'status');
      });
    }
    t.is(elsewhere.received.length, 0);
  });
});

test('a service that takes the question and never answers is given up when time is over', async (t) => {
  await withStandIn(hangs, async ({ url }) => {
    const startMs = performance.now();
    t.is(await outcomeOf(createHttpJson({ url, model: 'm' }), 'x', AbortSignal.timeout(100)), 'timeout');
    t.true(performance.now() - startMs < 2_000);
  });
});

test('a service that answers byte by byte is given up when time is over', async (t) => {
  const trickles: Behaviour = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(timer));
  };
  await withStandIn(trickles, async ({ url }) => {
    t.is(await outcomeOf(createHttpJson({ url, model: 'm' }), 'x', AbortSignal.timeout(100)), 'timeout');
  });
});

test('a server that takes connections and never reads is given up when time is over', async (t) => {
  const server = createServer((socket) => socket.pause().on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const moderator = createHttpJson({ url: `http://127.0.0.1:${port}/`, model: 'm' });
  t.is(await outcomeOf(moderator, 'x', AbortSignal.timeout(100)), 'timeout');
  server.close();
});

test('nobody at the address', async (t) => {
  await withStandIn(answers(200, {}, ''), async ({ url }) => {
    // Held while it is asked, so that no other test can listen there; on another address of this machine nobody does.
    const elsewhere = url.replace('127.0.0.1', '127.86.1.1');
    t.not(elsewhere, url);
    t.is(await outcomeOf(createHttpJson({ url: elsewhere, model: 'm' })), 'unreachable');
  });
});

test('a fault says nothing of the question, the key or the answer', async (t) => {
  await withStandIn(answers(500, {}, 'answer-canary'), async ({ url }) => {
    const moderator = createOpenAiChat({ url, model: 'm', key: 'key-canary' });
    const error = await t.throwsAsync(moderator.ask('prompt-canary', 'text-canary', soon()));
    t.notRegex(`${error.stack} ${JSON.stringify(error)}`, /canary/);
  });
});
