import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { packageRoot } from '../../sidecar/config/package-root.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { bytesOf, contentTypeOf, pointerOf } from './format-bodies.js';
import {
  type FormatRequest,
  type GapField,
  gapsOf,
  isTextField,
  planted,
  readFormats,
  type TextField,
  without,
} from './formats.js';
import { formatsDoc } from './formats-doc.js';
import { readTestBody } from './read-test-body.js';

const MARK = 'a text that stands nowhere else';

function read(request: FormatRequest) {
  return readTestBody(bytesOf(request), { contentType: contentTypeOf(request) });
}

function gapsRead(request: FormatRequest): readonly string[] {
  return read(request)
    .gaps.map(({ kind }) => kind)
    .sort();
}

const hasItsGaps = test.macro((t, request: FormatRequest) => t.deepEqual(gapsRead(request), gapsOf(request)));

const isRead = test.macro((t, request: FormatRequest, field: TextField) => {
  const changed = planted(request, field, MARK);
  const { segments } = read(changed);
  const pointer = pointerOf(changed, field);
  const found = segments.filter(({ text }) => (field.at.endsWith('/filename') ? text.includes(MARK) : text === MARK));
  t.true(
    found.some((segment) => segment.pointer === pointer && segment.role === field.role),
    JSON.stringify({ pointer, role: field.role, found }),
  );
  t.true(found.every(({ role }) => role === field.role));
});

/** Without any of the fields that make gaps there is none, and with this one alone there is its own. */
const isNamed = test.macro((t, request: FormatRequest, field: GapField) => {
  const named = request.fields.filter((other) => !isTextField(other)) as readonly GapField[];
  const others = named.filter((other) => other !== field);
  t.deepEqual(gapsRead(without(request, others)), [...(request.gaps ?? []), field.gap].sort());
  if (field.at !== '') t.deepEqual(gapsRead(without(request, named)), [...(request.gaps ?? [])]);
});

for (const { title, requests } of readFormats()) {
  for (const request of requests) {
    const name = `${title}, ${request.title}`;
    test(`${name}: the golden body has the gaps of its fields and no other`, hasItsGaps, request);
    for (const field of request.fields) {
      if (isTextField(field)) test(`${name}: ${field.at} is read as ${field.role}`, isRead, request, field);
      else test(`${name}: ${field.at} is named ${field.gap}`, isNamed, request, field);
    }
  }
}

test('golden bodies with some bytes changed are read without a fault', (t) => {
  const requests = readFormats().flatMap((format) => format.requests);
  const change = fc.record({ at: fc.nat(), drop: fc.nat(8), insert: fc.uint8Array({ maxLength: 8 }) });
  fc.assert(
    fc.property(fc.constantFrom(...requests), fc.array(change, { maxLength: 3 }), (request, changes) => {
      let bytes = bytesOf(request);
      for (const { at, drop, insert } of changes) {
        const start = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + drop)]);
      }
      const { segments } = readTestBody(bytes, { contentType: contentTypeOf(request) });
      return segments.every(({ pointer }) => pointer.length <= LIMITS.pointerCharsMax + 1);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('docs/formats.md is what the golden bodies say', (t) => {
  const file = join(packageRoot(), 'docs', 'formats.md');
  const doc = formatsDoc(readFormats());
  if (process.env['UPDATE_DOCS']) writeFileSync(file, doc);
  t.is(readFileSync(file, 'utf8'), doc, 'write it anew with: UPDATE_DOCS=1 npx ava tests/content/formats.test.ts');
});
