import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { hasOwnMemory } from '../../sidecar/kernel/own-memory.js';
import { LargeMessage } from '../../sidecar/server/large-message.js';
import { call, client, ECHO, method, serve } from './rig.js';

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

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

test('a message is what was received of it, in whatever pieces, and what follows it is handed on', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 6, maxLength: 400 }),
      fc.nat(),
      lengths,
      lengths,
      (bytes, begun, early, late) => {
        const framed = Buffer.from(bytes);
        const from = 5 + (begun % (framed.length - 5));
        const rests: string[] = [];
        const message = new LargeMessage(
          { prefix: framed.subarray(0, 5), bytes: framed.length - 5, pieces: cutInto(framed.subarray(5, from), early) },
          (rest) => {
            rests.push(rest.toString());
            return [Buffer.from('next')];
          },
        );
        const received = cutInto(framed.subarray(from), late);
        const last = received.pop() as Buffer;
        for (const piece of received) t.deepEqual(message.write(piece), []);
        t.deepEqual(message.write(Buffer.concat([last, Buffer.from('behind')])), [framed, Buffer.from('next')]);
        t.deepEqual(rests, ['behind']);
      },
    ),
  );
});

test('large messages arrive as they were sent, in memory that nothing else lies in, one after the other on one connection', async (t) => {
  const digest = (message: Uint8Array) => createHash('sha256').update(message).digest('hex');
  const { address } = await serve(t, {
    methods: new Map([[ECHO, method(async (message) => Buffer.from(`${digest(message)} ${hasOwnMemory(message)}`))]]),
  });
  const made = client(t, address);
  const { gatheredBytesMin: large } = LIMITS;
  for (const length of [large - 1, large, 7 * large + 3, 10]) {
    const message = Buffer.from(
      Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => i * 2_654_435_761).buffer,
    );
    const sent = message.subarray(0, length);
    t.deepEqual(await call(made, sent), { answer: `${digest(sent)} ${length > 10}` });
  }
});
