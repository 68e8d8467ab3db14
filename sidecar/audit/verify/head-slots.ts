import { createHash } from 'node:crypto';
import type { Refused } from './signed-note.js';

const FIRST_LINE = /^jimini-head\/v1 ([1-9][0-9]{0,15})\n/;
/** A SHA-256 in hex and a newline. */
const LAST_LINE_BYTES = 65;

/** What two head files say. */
export interface NewestHead {
  /** The signed checkpoint that counts, verbatim; absent when there is none yet. */
  readonly checkpoint?: Uint8Array;
  /** Whether one of the files is not whole: it was being written when the program was killed, or was changed. */
  readonly hasDamage: boolean;
}

/** Reads the head files of a data directory (docs/log-tree.md). Refuses them when none of those that are there is whole. */
export function newestHead(files: readonly (Uint8Array | undefined)[]): NewestHead | Refused {
  const there = files.filter((bytes) => bytes !== undefined);
  const whole = there.map(slotOf).filter((slot) => slot !== undefined);
  if (whole.length === 0 && there.length > 0) return { why: 'no head file is whole' };
  const newest = whole.reduce<Slot | undefined>((a, b) => (a && a.generation > b.generation ? a : b), undefined);
  return { ...(newest && { checkpoint: newest.content }), hasDamage: whole.length < there.length };
}

interface Slot {
  readonly generation: number;
  readonly content: Uint8Array;
}

function slotOf(bytes: Uint8Array): Slot | undefined {
  const file = Buffer.from(bytes);
  const body = file.subarray(0, Math.max(0, file.length - LAST_LINE_BYTES));
  const [line, digits] = FIRST_LINE.exec(body.toString('latin1', 0, 64)) ?? [];
  const digest = `${createHash('sha256').update(body).digest('hex')}\n`;
  if (line === undefined || file.toString('latin1', body.length) !== digest) return undefined;
  return { generation: Number(digits), content: body.subarray(line.length) };
}
