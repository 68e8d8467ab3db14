import { hash } from 'node:crypto';
import { membersOf } from '../leaf-members.js';
import type { LeafRow, PayloadPage } from '../log-store.js';

/**
 * Whether beside a leaf lies what it names: the envelope with that SHA-256, or a tombstone in its place, and nothing where it names none
 * (docs/log-payload.md). Only a `decision` names one. A tombstone is taken at its word: `jimini log verify` holds it against its `erase` leaf.
 */
export function isAsNamed({ seq, bytes }: LeafRow, { envelopes, erased }: PayloadPage): boolean {
  const { kind, envelope } = membersOf(bytes);
  const sealed = envelopes.get(seq);
  if (kind !== 'decision' || envelope === '') return !sealed && !erased.has(seq);
  return sealed ? hash('sha256', sealed) === envelope : erased.has(seq);
}
