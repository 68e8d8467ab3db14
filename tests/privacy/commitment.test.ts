import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  type CommittedField,
  commitmentOf,
  commitmentOfHashes,
  spanHash,
  spanNonce,
  spanSeed,
} from '../../sidecar/privacy/commitment.js';
import { repositoryRoot } from '../processes/sidecar.js';

interface Vector {
  readonly title: string;
  readonly seed: string;
  readonly field: CommittedField;
  readonly spans: readonly string[];
  readonly nonces: readonly string[];
  readonly hashes: readonly string[];
  readonly commitment: string;
}

const file = join(repositoryRoot, 'tests', 'audit', 'vectors', 'commitments.json');
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'));

const hex = (text: string) => Buffer.from(text, 'hex');

for (const { title, seed, field, spans, nonces, hashes, commitment } of vectors) {
  test(`commitments are as in the vector: ${title}`, (t) => {
    const found = spans.map((_, index) => spanNonce(spanSeed(hex(seed)), field, index));
    t.deepEqual(
      found.map((nonce) => nonce.toString('hex')),
      nonces,
    );
    t.deepEqual(
      spans.map((span, index) => spanHash(field, found[index] as Buffer, hex(span)).toString('hex')),
      hashes,
    );
    t.is(commitmentOf(field, spans.map(hex), spanSeed(hex(seed))), commitment);
    t.is(commitmentOfHashes(field, hashes.map(hex)), commitment);
  });
}

test('no two vectors have the same commitment', (t) => {
  t.is(new Set(vectors.map(({ commitment }) => commitment)).size, vectors.length);
});
