import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { HpackDecoder } from '../../../sidecar/server/http2/hpack-decoder.js';
import { ConnectionError, ERROR } from '../../../sidecar/server/http2/protocol.js';

interface Example {
  readonly section: string;
  readonly tableBytes: number;
  readonly blocks: readonly { readonly block: string; readonly fields: string[][]; readonly table: string[][] }[];
}

/** This file runs from build/tests. */
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', 'tests', 'server', 'http2');
const examples: Example[] = JSON.parse(readFileSync(join(folder, 'rfc7541-examples.json'), 'utf8'));
const LIST_BYTES_MAX = 16_384;
/** Index of the newest dynamic entry, as an indexed field. */
const NEWEST = 0x80 | 62;

const decoder = () => new HpackDecoder(LIST_BYTES_MAX);
const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** A literal field that goes into the table (RFC 7541 section 6.2.1). Lengths below 127. */
const indexed = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0x40, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

for (const { section, tableBytes, blocks } of examples) {
  test(`the examples of RFC 7541 ${section} are read as it says, and leave the table that it says`, (t) => {
    const reading = decoder();
    if (tableBytes === 256) t.deepEqual(reading.decode(bytes('3fe101')), []);
    for (const { block, fields, table } of blocks) {
      t.deepEqual(reading.decode(bytes(block)), fields.flat());
      t.deepEqual(reading.decode(Buffer.from(table.map((_, i) => NEWEST + i))), table.flat());
      t.throws(() => reading.decode(Buffer.from([NEWEST + table.length])), { instanceOf: ConnectionError });
    }
  });
}

test('the integers of RFC 7541 C.1 are read as sizes of the table: an entry of just that size fits', (t) => {
  const fits = (update: string, valueBytes: number) => {
    const reading = decoder();
    reading.decode(bytes(update));
    const rest = valueBytes - 127;
    const length = [0x7f, (rest & 0x7f) | 0x80, rest >> 7];
    reading.decode(Buffer.concat([Buffer.from([0x40, 1, 0x61, ...length]), Buffer.alloc(valueBytes, 'v')]));
    try {
      return reading.decode(Buffer.from([NEWEST]))?.length === 2;
    } catch {
      return false;
    }
  };
  t.true(fits('3f9a0a', 1337 - 33));
  t.false(fits('3f9a0a', 1338 - 33));
  t.false(fits('2a', 200));
});

const refused = test.macro({
  exec(t, hex: string, message: string) {
    const error = t.throws(() => decoder().decode(bytes(hex)), { instanceOf: ConnectionError, message });
    t.is(error?.code, ERROR.compressionError);
  },
  title: (title) => `${title} is a decoding error`,
});
test('index 0', refused, '80', 'index of no entry');
test('an index behind the tables', refused, 'be', 'index of no entry');
test('an index far behind the tables', refused, 'ff ff ff ff 7f', 'index of no entry');
test('a name that is no entry', refused, '7e 01 62', 'index of no entry');
test('a name of a field that is not indexed and no entry', refused, '0f 7f 01 62', 'index of no entry');
test('an index that is cut off', refused, 'ff', 'integer that is cut off');
test('an integer that is cut off later', refused, 'ff 80 80', 'integer that is cut off');
test('an integer of too many octets', refused, 'ff 80 80 80 80 00', 'integer of too many octets');
test('an integer that never ends', refused, 'ff ff ff ff ff ff ff ff ff ff ff ff', 'integer of too many octets');
test('a length of 256 MB', refused, '00 7f ff ff ff 7f', 'text that is cut off');
test('a name that is cut off', refused, '40 03 61 62', 'text that is cut off');
test('a field without a name', refused, '40', 'field that is cut off');
test('a field without a value', refused, '40 01 61', 'field that is cut off');
test('a value that is cut off', refused, '40 01 61 05 62', 'text that is cut off');
test('a Huffman code that is cut off', refused, '00 01 61 82 1f', 'text that is cut off');
test('EOS', refused, '00 01 61 84 ff ff ff fc', 'Huffman code that is broken');
test('EOS behind a text', refused, '00 01 61 85 1f ff ff ff ff', 'Huffman code that is broken');
test('EOS with a text behind it', refused, '00 01 61 86 ff ff ff fc 1f ff', 'Huffman code that is broken');
test('a padding of eight bits', refused, '00 01 61 82 f8 ff', 'Huffman code that is broken');
test('a padding of an octet and more', refused, '00 01 61 82 1f ff', 'Huffman code that is broken');
test('a padding of zeros', refused, '00 01 61 81 18', 'Huffman code that is broken');
test('a padding that ends in a zero', refused, '00 01 61 81 1e', 'Huffman code that is broken');
test('a table of more than was offered', refused, '3f e2 1f', 'table size above what was offered');
test('a change of the table size behind a field', refused, '82 20', 'change of the table size within a block');
test('a third change of the table size', refused, '20 20 20', 'more changes of the table size than there can be');
test('a change of the table size that is cut off', refused, '3f', 'integer that is cut off');

test('two changes of the table size in front of a block are taken, the largest allowed among them', (t) => {
  t.deepEqual(decoder().decode(bytes('20 3f e1 1f 82')), [':method', 'GET']);
});

test('the empty block, the empty text and the code of octet 0 are read', (t) => {
  t.deepEqual(decoder().decode(Buffer.alloc(0)), []);
  t.deepEqual(decoder().decode(bytes('00 01 61 80 00 01 62 00')), ['a', '', 'b', '']);
  t.deepEqual(decoder().decode(bytes('00 01 61 82 ff c7')), ['a', '\0']);
});

test('the table holds as many entries as fit, drops the oldest first, and has them all gone by one too large', (t) => {
  const reading = decoder();
  const entries = Array.from({ length: 500 }, (_, i) => ['n', String(i).padStart(3, '0')] as const);
  for (const [i, [name, value]] of entries.entries()) {
    reading.decode(indexed(name, value));
    const held = Math.min(i + 1, Math.floor(4096 / 36));
    const last = Buffer.from([0xff, held + 61 - 127]);
    if (held > 66) t.deepEqual(reading.decode(last), [...(entries[i + 1 - held] ?? [])]);
    t.deepEqual(reading.decode(Buffer.from([NEWEST])), [name, value]);
  }
  t.throws(() => reading.decode(Buffer.from([0xff, 113 + 62 - 127])));
  reading.decode(Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1f]), Buffer.alloc(4096, 'v')]));
  t.throws(() => reading.decode(Buffer.from([NEWEST])));
});

test('128 empty entries fill the table, and one more drops one', (t) => {
  const reading = decoder();
  const last = Buffer.from([0xff, 128 + 61 - 127]);
  for (let i = 0; i < 128; i += 1) reading.decode(bytes('40 00 00'));
  t.deepEqual(reading.decode(last), ['', '']);
  reading.decode(indexed('a', 'b'));
  t.throws(() => reading.decode(last));
  t.deepEqual(reading.decode(Buffer.from([0xff, 127 + 61 - 127])), ['', '']);
});

test('a smaller size drops entries at once, also when a larger one follows', (t) => {
  const reading = decoder();
  reading.decode(indexed('a', 'b'));
  reading.decode(bytes('20 3f e1 1f'));
  t.throws(() => reading.decode(Buffer.from([NEWEST])), { message: 'index of no entry' });
});

test('an entry that drops the one it takes its name from still has the name', (t) => {
  const reading = decoder();
  reading.decode(Buffer.concat([bytes('3f 21'), indexed('name', 'v'.repeat(20))]));
  t.deepEqual(reading.decode(bytes('7e 01 77')), ['name', 'w']);
  t.deepEqual(reading.decode(Buffer.from([NEWEST])), ['name', 'w']);
});

test('a list over its limit is dropped whole, and the table goes on', (t) => {
  const reading = new HpackDecoder(100);
  t.deepEqual(reading.decode(indexed('a', 'v'.repeat(67))), ['a', 'v'.repeat(67)]);
  t.is(reading.decode(indexed('a', 'v'.repeat(68))), undefined);
  t.is(reading.decode(Buffer.concat([bytes('82 82 82'), indexed('late', 'value')])), undefined);
  t.deepEqual(reading.decode(Buffer.from([NEWEST])), ['late', 'value']);
  t.is(reading.decode(Buffer.alloc(100_000, NEWEST)), undefined);
});

test('what was read does not change with the buffer that it was read from', (t) => {
  const reading = decoder();
  const block = indexed('name', 'value');
  const fields = reading.decode(block);
  block.fill(0);
  t.deepEqual(fields, ['name', 'value']);
  t.deepEqual(reading.decode(Buffer.from([NEWEST])), ['name', 'value']);
});

/** Decodes or says that the block is refused; any other error is one of ours. */
function decodeOrRefuse(reading: HpackDecoder, block: Uint8Array): string[] | undefined | 'refused' {
  try {
    return reading.decode(Buffer.from(block));
  } catch (error) {
    if (error instanceof ConnectionError && error.code === ERROR.compressionError) return 'refused';
    throw error;
  }
}

test('a block that is cut anywhere is refused, or ends with a whole field', (t) => {
  for (const { blocks } of examples.filter(({ tableBytes }) => tableBytes === 4096)) {
    for (const [i, { block, fields }] of blocks.entries()) {
      for (let cut = 0; cut < block.length / 2; cut += 1) {
        const reading = decoder();
        for (const earlier of blocks.slice(0, i)) reading.decode(bytes(earlier.block));
        const read = decodeOrRefuse(reading, bytes(block).subarray(0, cut));
        if (read !== 'refused') t.deepEqual(read, fields.flat().slice(0, read?.length));
        t.true(read === 'refused' || (read?.length ?? 0) < fields.flat().length);
      }
    }
  }
});

test('no field is read before its last octet is there', (t) => {
  for (const hex of ['4088 25a849e95ba97d7f 89 25a849e95bb8e8b4bf', '7f 00 01 62', 'ff 00', '1001610162', '0f0f0162']) {
    const reading = decoder();
    for (let i = 0; i < 66; i += 1) reading.decode(bytes('40 01 61 00'));
    const block = bytes(hex);
    for (let cut = 1; cut < block.length; cut += 1) t.is(decodeOrRefuse(reading, block.subarray(0, cut)), 'refused');
    t.is(decodeOrRefuse(reading, block)?.length, 2);
  }
});

test('any bytes at all are read within the limit, or refused', (t) => {
  const valid = fc.constantFrom(...examples.flatMap(({ blocks }) => blocks.map(({ block }) => bytes(block))));
  const piece = fc.oneof(fc.uint8Array({ maxLength: 12 }), valid, fc.constant(bytes('3f e1 01')));
  const block = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces)),
  );
  const law = fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
    const reading = new HpackDecoder(2000);
    for (const one of blocks) {
      const read = decodeOrRefuse(reading, one);
      if (read === 'refused') return;
      const listBytes = (read ?? []).reduce((sum, text) => sum + text.length + 16, 0);
      if (listBytes > 2000) throw new Error(`${listBytes} bytes`);
    }
  });
  t.notThrows(() => fc.assert(law, { numRuns: 3000 }));
});
