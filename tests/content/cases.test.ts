import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  readonly gaps: readonly string[];
}

/** This file runs from build/tests/content; the cases stay where they are written. */
const folder = join(import.meta.dirname, '..', '..', '..', 'tests', 'content', 'cases');

const reads = test.macro((t, { body, bodyHex, segments, gaps, ...headers }: Case) => {
  const bytes = bodyHex === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyHex, 'hex');
  const reading = readTestBody(bytes, headers);
  t.deepEqual(
    reading.gaps.map(({ kind }) => kind as string),
    [...gaps],
  );
  if (segments !== undefined) t.deepEqual(reading.segments.map(asRow), segments);
});

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly Case[];
  for (const entry of cases) test(`${file.replace('.json', '')}: ${entry.title}`, reads, entry);
}

function asRow({ role, pointer, text, derived }: Segment): readonly string[] {
  return derived ? [role, pointer, text, 'derived'] : [role, pointer, text];
}
