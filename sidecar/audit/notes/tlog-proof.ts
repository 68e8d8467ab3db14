import { JiminiError } from '../../kernel/errors.js';
import { LIMITS } from '../../kernel/limits.js';
import { bytesOfBase64, hashOfBase64 } from './base64.js';
import { parseCheckpoint } from './checkpoint.js';
import { countOfDecimal } from './decimal.js';
import { parseNote } from './note.js';

/** A file that shows, without the log at hand, that a leaf is in it (C2SP tlog-proof). */
export interface TlogProof {
  /** Place of the leaf. */
  readonly index: number;
  /** Inclusion proof, from the neighbour of the leaf to the child of the root; 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: Uint8Array;
  /** Bytes that nothing vouches for, not empty. We write none. */
  readonly extra?: Uint8Array;
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

/** The file's bytes. */
export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): Buffer {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const head = [
    FIRST_LINE,
    ...(extra ? [`extra ${base64(extra)}`] : []),
    `index ${index}`,
    ...hashes.map(base64),
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(head.join('\n')), checkpoint]);
}

/**
 * Takes a proof file apart and accepts nothing that is not exactly one; the checkpoint in it must have the form of one, but
 * nothing is verified. Throws `JIMINI_INVALID_ARGUMENT`.
 */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > LIMITS.tlogProofBytesMax) throw malformed(`has more than ${LIMITS.tlogProofBytesMax} bytes`);
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf('\n\n');
  if (end < 0) throw malformed('has no empty line before its checkpoint');
  const lines = buffer.toString('latin1', 0, end).split('\n');
  if (lines.shift() !== FIRST_LINE) throw malformed(`does not begin with ${FIRST_LINE}`);
  const extra = lines[0]?.startsWith('extra ') ? extraOf(lines.shift() ?? '') : undefined;
  const [, decimal] = /^index (.*)$/.exec(lines.shift() ?? '') ?? [];
  const index = countOfDecimal(decimal ?? '');
  if (index === undefined) throw malformed('has no index that is a decimal number below 2^53 without leading zeros');
  if (lines.length > LIMITS.proofHashesMax) throw malformed(`has more than ${LIMITS.proofHashesMax} hashes`);
  const hashes = lines.map((line) => {
    const hash = hashOfBase64(line);
    if (!hash) throw malformed('has a line that is not a hash of 32 bytes in base64');
    return hash;
  });
  const checkpoint = buffer.subarray(end + 2);
  parseCheckpoint(parseNote(checkpoint).text.toString('utf8'));
  return { index, hashes, checkpoint, ...(extra && { extra }) };
}

function extraOf(line: string): Buffer {
  const bytes = bytesOfBase64(line.slice('extra '.length));
  if (!bytes || bytes.length === 0) throw malformed('has extra data that is not base64 in its one form');
  return bytes;
}

function malformed(what: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', `the proof file ${what}`);
}
