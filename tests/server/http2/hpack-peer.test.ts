import { type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import test from 'ava';
import fc from 'fast-check';
import { HpackDecoder } from '../../../sidecar/server/http2/hpack-decoder.js';
import { encodeHeaderBlock, NO_TABLE } from '../../../sidecar/server/http2/hpack-encoder.js';
import { STATIC_TABLE } from '../../../sidecar/server/http2/hpack-static-table.js';
import { blocksOfClient, type Phase, readByClient } from './node-client.js';

const LIST_BYTES_MAX = 1_000_000;
const PSEUDO = { ':method': 'POST', ':scheme': 'http', ':authority': 'test', ':path': '/' };

/** What the decoder should read from a request. */
const fieldsOf = (headers: OutgoingHttpHeaders) =>
  Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);

/** What one decoder reads from the blocks of Node's client. */
async function readByDecoder(phases: readonly Phase[]): Promise<(string[] | undefined)[]> {
  const decoder = new HpackDecoder(LIST_BYTES_MAX);
  return (await blocksOfClient(phases)).map((block) => decoder.decode(block));
}

test('Huffman codes of every octet are read as the client of Node meant them', async (t) => {
  // Octet 0 separates fields within Node. Short codes around it make Huffman the shorter way to send an octet of a long one.
  const values = Array.from({ length: 255 }, (_, i) => `${'a'.repeat(24)}${String.fromCharCode(i + 1)}e`);
  values.push('a long text '.repeat(1200));
  const requests = values.map((value) => ({ ...PSEUDO, 'x-value': value }));
  const read = await readByDecoder([{ tableBytes: [], requests }]);
  t.deepEqual(read, requests.map(fieldsOf));
});

test('a table that fills and turns over is followed', async (t) => {
  const numbers = Array.from({ length: 400 }, (_, i) => (i * i) % 37);
  const requests = numbers.map((n) => ({ ...PSEUDO, 'x-number': `${n}`.repeat(60), [`x-name-${n}`]: 'v'.repeat(n) }));
  const blocks = await blocksOfClient([{ tableBytes: [], requests }]);
  const decoder = new HpackDecoder(LIST_BYTES_MAX);
  t.deepEqual(
    blocks.map((block) => decoder.decode(block)),
    requests.map(fieldsOf),
  );
  t.true(blocks.filter((block) => block.length < 10).length > 50);
});

/** Names that no request may have (RFC 9113 section 8.2.2), or that Node treats in its own way. */
const UNUSUAL = /^:|^(connection|host|transfer-encoding|te|upgrade)$/;
const names = fc.oneof(
  fc.constantFrom(...STATIC_TABLE.map(([name]) => name).filter((name) => !UNUSUAL.test(name))),
  fc.stringMatching(/^x-[a-z0-9-]{0,20}$/),
);
const octets = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code));
const values = fc.oneof(
  fc.constantFrom('', 'gzip, deflate', '0', 'aaaaaaaaaaaa', '/a/b/c'),
  fc.string({ unit: octets, maxLength: 60 }),
  fc.tuple(fc.string({ maxLength: 9 }), fc.integer({ min: 1, max: 500 })).map(([text, times]) => text.repeat(times)),
);

test('what the client of Node sends on a connection is read as it was meant', async (t) => {
  const fields = fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name, maxLength: 8 });
  const requestsOf = (pool: OutgoingHttpHeaders[]) => fc.array(fc.constantFrom(...pool), { maxLength: 12 });
  const phases = fc
    .array(
      fields.chain((pairs) =>
        fc.subarray(pairs.map(([name]) => name)).map((secret) => ({
          ...PSEUDO,
          ...Object.fromEntries(pairs),
          [sensitiveHeaders]: secret,
        })),
      ),
      { minLength: 1, maxLength: 8 },
    )
    .chain((pool) =>
      fc.array(
        fc.record({
          tableBytes: fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 3 }),
          requests: requestsOf(pool),
        }),
        { maxLength: 4 },
      ),
    );
  const law = fc.asyncProperty(phases, async (sent) => {
    const expected = sent.flatMap(({ requests }) => requests.map(fieldsOf));
    const read = await readByDecoder(sent);
    for (const [i, list] of expected.entries()) {
      if (JSON.stringify(list) !== JSON.stringify(read[i])) throw new Error(`request ${i} is read wrong`);
    }
  });
  await t.notThrowsAsync(fc.assert(law, { numRuns: 60 }));
});

test('our blocks are read by the client of Node, and by our decoder, as they were meant', async (t) => {
  const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  const text = fc.oneof(
    printable,
    printable.map((one) => one.repeat(40)),
    fc.constantFrom('', 'gzip, deflate'),
  );
  const status = fc.constantFrom('200', '204', '404', '503').map((value): [string, string] => [':status', value]);
  const answer = fc
    .tuple(
      status,
      fc.array(
        fc.tuple(
          names.filter((name) => name !== 'content-length'),
          text,
        ),
        { maxLength: 10 },
      ),
    )
    .map(([first, others]) => [first, ...others]);
  const law = fc.asyncProperty(answer, async (fields) => {
    const block = encodeHeaderBlock(fields);
    const expected = JSON.stringify(fields.flat());
    if (JSON.stringify(new HpackDecoder(LIST_BYTES_MAX).decode(block)) !== expected) throw new Error('our decoder');
    if (JSON.stringify(await readByClient(Buffer.concat([NO_TABLE, block]))) !== expected)
      throw new Error('the client');
  });
  await t.notThrowsAsync(fc.assert(law, { numRuns: 60 }));
});

const encoded = test.macro({
  exec(t, fields: [string, string][], hex: string) {
    t.is(encodeHeaderBlock(fields).toString('hex'), hex);
  },
  title: (title) => `${title} is encoded`,
});
test('no field', encoded, [], '');
test('an entry of the static table', encoded, [[':status', '200']], '88');
test('the last of several entries of one name', encoded, [[':status', '500']], '8e');
test('a name of the static table with a value of its own', encoded, [[':status', '429']], '0803343239');
test('the last name of the static table', encoded, [['www-authenticate', 'x']], '0f2e0178');
test('a name that is in no table', encoded, [['grpc-status', '0']], '000b677270632d7374617475730130');
test('a value that is not ASCII', encoded, [['age', '\xff']], '0f0601ff');
test('a value of 127 octets', encoded, [['age', 'a'.repeat(127)]], `0f067f00${'61'.repeat(127)}`);
test('a value of 255 octets', encoded, [['age', 'a'.repeat(255)]], `0f067f8001${'61'.repeat(255)}`);
test('a value of 20,000 octets', encoded, [['age', 'a'.repeat(20_000)]], `0f067fa19b01${'61'.repeat(20_000)}`);
