import { BinaryWriter } from '@bufbuild/protobuf/wire';
import test from 'ava';
import fc from 'fast-check';
import { ProtobufWriter } from '../../mesh/protobuf-writer.js';

/** A field with what it holds. */
type Field =
  | { readonly kind: 'string'; readonly number: number; readonly value: string }
  | { readonly kind: 'uint32'; readonly number: number; readonly value: number }
  | { readonly kind: 'double'; readonly number: number; readonly value: number }
  | { readonly kind: 'message'; readonly number: number; readonly value: readonly Field[] };

const number = fc.integer({ min: 1, max: 40 });
/** Short ones, and some about as long as a length of one, two and three bytes can say. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom('a'.repeat(127), 'b'.repeat(128), 'é'.repeat(9000), 'c'.repeat(20_000)),
);
const scalar: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('string' as const), number, value: text }),
  fc.record({ kind: fc.constant('uint32' as const), number, value: fc.nat() }),
  fc.record({ kind: fc.constant('double' as const), number, value: fc.double() }),
);

/** Fields of which some are messages of such fields, down to this depth. */
function fieldsDownTo(depth: number): fc.Arbitrary<readonly Field[]> {
  if (depth === 0) return fc.array(scalar, { maxLength: 5 });
  const message = fc.record({ kind: fc.constant('message' as const), number, value: fieldsDownTo(depth - 1) });
  return fc.array(fc.oneof(scalar, message), { maxLength: 5 });
}

function write(writer: ProtobufWriter, fields: readonly Field[]): void {
  for (const field of fields) {
    if (field.kind === 'string') writer.string(field.number, field.value);
    else if (field.kind === 'uint32') writer.uint32(field.number, field.value);
    else if (field.kind === 'double') writer.double(field.number, field.value);
    else {
      const start = writer.begin(field.number);
      write(writer, field.value);
      writer.end(start);
    }
  }
}

function reference(fields: readonly Field[], writer = new BinaryWriter()): BinaryWriter {
  for (const field of fields) {
    if (field.kind === 'string') writer.tag(field.number, 2).string(field.value.toWellFormed());
    else if (field.kind === 'uint32') writer.tag(field.number, 0).uint32(field.value);
    else if (field.kind === 'double') writer.tag(field.number, 1).double(field.value);
    else reference(field.value, writer.tag(field.number, 2).fork()).join();
  }
  return writer;
}

test('what is written is what the generated encoders write, and nothing of the message before', (t) => {
  const writer = new ProtobufWriter();
  fc.assert(
    fc.property(fieldsDownTo(3), (fields) => {
      writer.clear();
      write(writer, fields);
      t.deepEqual(Buffer.from(writer.finish()), Buffer.from(reference(fields).finish()));
    }),
    { numRuns: 500 },
  );
});
