import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type { Segment } from '../../sidecar/kernel/evaluation.js';
import { readTestBody } from './read-test-body.js';

/** One entry of a file in `cases/`; see the README there. */
interface Case {
  readonly title: string;
  readonly contentType: string;
  readonly contentEncoding?: string;
  readonly body?: string;
  readonly bodyHex?: string;
  /** `[role, pointer, text]`, with `derived` as a fourth member where it is so; absent = not compared. */
  readonly segments?: readonly (readonly string[])[];
  /** Rows as in `segments` that must be among them, in whatever order. */
  readonly contains?: readonly (readonly string[])[];
  /** What no row may hold as its text or its mark. */
  readonly absent?: readonly string[];
  readonly gaps: readonly string[];
}

/** This file runs from build/tests/content; the cases stay where they are written. */
const folder = join(import.meta.dirname, '..', '..', '..', 'tests', 'content', 'cases');

const reads = test.macro((t, { body, bodyHex, segments, contains = [], absent = [], gaps, ...headers }: Case) => {
  const bytes = bodyHex === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyHex, 'hex');
  const reading = readTestBody(bytes, headers);
  t.deepEqual(
    reading.gaps.map(({ kind }) => kind as string),
    [...gaps],
  );
  const rows = reading.segments.map(asRow);
  if (segments !== undefined) t.deepEqual(rows, segments);
  for (const row of contains)
    t.true(
      rows.some((found) => isDeepStrictEqual(found, row)),
      JSON.stringify([row, rows]),
    );
  for (const text of absent)
    t.false(
      rows.some((found) => found.slice(2).includes(text)),
      JSON.stringify([text, rows]),
    );
});

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly Case[];
  for (const entry of cases) test(`${file.replace('.json', '')}: ${entry.title}`, reads, entry);
}

function asRow({ role, pointer, text, derived }: Segment): readonly string[] {
  return derived ? [role, pointer, text, 'derived'] : [role, pointer, text];
}
