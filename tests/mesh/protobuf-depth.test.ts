import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import test from 'ava';
import fc from 'fast-check';
import { CHECK_REQUEST_SHAPE } from '../../mesh/ext-authz/check-shape.js';
import { checkNesting, type MessageShape, shapeOf } from '../../mesh/protobuf-depth.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { repositoryRoot } from '../processes/sidecar.js';

const NODE = shapeOf({ Node: { 1: 'Node' } }, 'Node');

/** A message of field 1 in field 1 in field 1: `depth` messages, the outermost counted. */
function nested(depth: number): Uint8Array {
  let bytes = new Uint8Array(0);
  for (let level = 1; level < depth; level++) {
    bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes).finish();
  }
  return bytes;
}

/** `inner` as a `Value` in `levels` lists, each of which is two messages deep. */
function lists(levels: number): Uint8Array {
  let value = new BinaryWriter().tag(3, WireType.LengthDelimited).string('inner').finish();
  for (let level = 0; level < levels; level++) {
    const list = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(value).finish();
    value = new BinaryWriter().tag(6, WireType.LengthDelimited).bytes(list).finish();
  }
  return value;
}

/** A CheckRequest whose `metadata_context` holds one value. */
function withMetadata(value: Uint8Array): Uint8Array {
  // From the inside: ValueByName.value, Struct.fields, StructByName.value, filter_metadata, metadata_context, attributes.
  return [2, 1, 2, 1, 11, 1].reduce(
    (inner, field) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(inner).finish(),
    value,
  );
}

test('a message may be nested as deep as the limit says, and no deeper', (t) => {
  for (const limit of [1, 2, 64]) {
    t.is(checkNesting(nested(limit), NODE, limit), 'ok');
    t.is(checkNesting(nested(limit + 1), NODE, limit), 'too_deep');
  }
});

test('metadata that is nested 10,000 deep is refused without a stack to overflow', (t) => {
  t.is(checkNesting(withMetadata(lists(20)), CHECK_REQUEST_SHAPE, LIMITS.protobufDepthMax), 'ok');
  t.is(checkNesting(withMetadata(lists(10_000)), CHECK_REQUEST_SHAPE, LIMITS.protobufDepthMax), 'too_deep');
});

test('bytes that only look like messages do not count', (t) => {
  const field2 = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(nested(100)).finish();
  t.is(checkNesting(field2, NODE, 2), 'ok');
});

const broken = test.macro({
  title: (title) => `${title} is malformed`,
  exec(t, bytes: readonly number[]) {
    t.is(checkNesting(Uint8Array.from(bytes), NODE, 64), 'malformed');
  },
});
test('a key without a value', broken, [0x08]);
test('a varint that never ends', broken, [0x08, 0xff, 0xff]);
test('a varint of eleven bytes', broken, [0x08, ...Array(10).fill(0xff), 0x01]);
test('a key of more than 32 bits', broken, [0xff, 0xff, 0xff, 0xff, 0x1f, 0x00]);
test('field number 0', broken, [0x00]);
test('a length behind the end', broken, [0x12, 0x02, 0x61]);
test('a length of more than 32 bits', broken, [0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]);
test('a length behind the end of the message around it', broken, [0x0a, 0x02, 0x12, 0x01, 0x61, 0x61]);
test('four bytes of a 64-bit value', broken, [0x09, 1, 2, 3, 4]);
test('two bytes of a 32-bit value', broken, [0x0d, 1, 2]);
test('the start of a group', broken, [0x0b, 0x0c]);
test('the end of a group that never started', broken, [0x0c]);
test('an unknown wire type', broken, [0x0e]);
test('groups nested 10,000 deep', broken, [...Array(10_000).fill(0x0b), ...Array(10_000).fill(0x0c)]);

test('any bytes at all get an answer', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      t.true(['ok', 'malformed', 'too_deep'].includes(checkNesting(bytes, CHECK_REQUEST_SHAPE, 5)));
    }),
  );
});

test('a shape that names a message which is not there is refused', (t) => {
  t.throws(() => shapeOf({ A: { 1: 'B' } }, 'A'), { instanceOf: RangeError, message: /B/ });
  t.throws(() => shapeOf({ A: {} }, 'B'), { instanceOf: RangeError });
});

test('the shape of CheckRequest has every message field that the .proto files have', (t) => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(repositoryRoot, 'proto/gen/jimini.binpb')));
  const root = createFileRegistry(set).getMessage('envoy.service.auth.v3.CheckRequest');
  t.truthy(root);
  const seen = new Set<DescMessage>();
  const compare = (message: DescMessage, shape: MessageShape): void => {
    if (seen.has(message)) return;
    seen.add(message);
    for (const field of message.fields) {
      const child = shape[field.number];
      const isMessage = field.fieldKind === 'map' || field.message !== undefined;
      t.is(child !== undefined, isMessage, `${message.typeName}.${field.name}`);
      if (child === undefined) continue;
      if (field.fieldKind !== 'map') compare(field.message as DescMessage, child);
      else if (field.mapKind === 'message') compare(field.message, child[2] as MessageShape);
    }
  };
  compare(root as DescMessage, CHECK_REQUEST_SHAPE);
  t.true(seen.size > 10);
});
