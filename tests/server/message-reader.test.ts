import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { hasOwnMemory } from '../../sidecar/kernel/own-memory.js';
import { status } from '../../sidecar/server/grpc-status.js';
import { MessageReader } from '../../sidecar/server/message-reader.js';
import { prefix } from './raw-http2.js';
import { call, client, ECHO, method, serve } from './rig.js';

const BYTES_MAX = 1000;

/** What a reader gives for pieces, the memory of each of which is overwritten afterwards. */
function read(pieces: readonly Buffer[]): { given: (string | number)[]; isBetween: boolean } {
  const given: (string | number)[] = [];
  const reader = new MessageReader(BYTES_MAX, {
    onMessage: (message) => void kept.push(message),
    onUnacceptable: ({ code }) => void given.push(code),
  });
  const kept: Buffer[] = [];
  for (const piece of pieces) {
    const shared = Buffer.from(piece);
    reader.add(shared);
    shared.fill('!');
  }
  given.unshift(...kept.map((message) => message.toString('latin1')));
  return { given, isBetween: reader.isBetween };
}

/** The data cut after these many bytes each, the last length again and again. */
function cutInto(data: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < data.length; i++) {
    const length = lengths[Math.min(i, lengths.length - 1)] as number;
    pieces.push(data.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

const texts = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 300 }), { maxLength: 6 });
const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

function body(messages: readonly string[]): Buffer {
  return Buffer.concat(messages.flatMap((text) => [prefix(text.length), Buffer.from(text, 'latin1')]));
}

test('any cutting into pieces gives the same messages, and nothing is kept of memory that is of others', (t) => {
  fc.assert(
    fc.property(texts, lengths, (messages, cuts) => {
      t.deepEqual(read(cutInto(body(messages), cuts)), { given: messages, isBetween: true });
    }),
  );
});

test('a body that is cut off gives the whole messages before, and is seen to be cut off', (t) => {
  fc.assert(
    fc.property(
      texts,
      lengths,
      fc.string({ unit: 'binary-ascii', minLength: 1 }),
      fc.nat(),
      (messages, cuts, last, at) => {
        const cutOff = body([last]).subarray(0, 1 + (at % (last.length + 4)));
        const pieces = cutInto(Buffer.concat([body(messages), cutOff]), cuts);
        t.deepEqual(read(pieces), { given: messages, isBetween: false });
      },
    ),
  );
});

for (const [title, framed, code] of [
  ['over the bound', prefix(BYTES_MAX + 1), status.RESOURCE_EXHAUSTED],
  ['of 4 GiB', Buffer.from([0, 255, 255, 255, 255]), status.RESOURCE_EXHAUSTED],
  ['that is compressed', Buffer.from([1, 0, 0, 0, 1, 65]), status.UNIMPLEMENTED],
  ['with an unknown flag', Buffer.from([2, 0, 0, 0, 1, 65]), status.UNIMPLEMENTED],
] as const) {
  test(`a message ${title} is not accepted as soon as its prefix is there, and none after it is read`, (t) => {
    for (const cuts of [[1], [100]]) {
      t.deepEqual(read(cutInto(Buffer.concat([body(['before']), framed, body(['after'])]), cuts)).given, [
        'before',
        code,
      ]);
    }
  });
}

test('a reader that is stopped gives nothing more, not even of the piece that it reads', (t) => {
  const given: Buffer[] = [];
  const reader = new MessageReader(BYTES_MAX, {
    onMessage(message) {
      given.push(message);
      reader.stop();
    },
    onUnacceptable: () => t.fail(),
  });
  reader.add(body(['one', 'two']));
  reader.add(body(['three']));
  t.deepEqual(given.map(String), ['one']);
});

test('large messages arrive as they were sent, in memory that nothing else lies in, one after the other on one connection', async (t) => {
  const digest = (message: Uint8Array) => createHash('sha256').update(message).digest('hex');
  const { address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => Buffer.from(`${digest(message)} ${hasOwnMemory(message)}`))]]),
  });
  const made = client(t, address);
  const large = 1024 * 1024;
  for (const length of [large - 1, large, 7 * large + 3, 10]) {
    const message = Buffer.from(
      Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => i * 2_654_435_761).buffer,
    );
    const sent = message.subarray(0, length);
    t.deepEqual(await call(made, sent), { answer: `${digest(sent)} ${length > 10}` });
  }
});
