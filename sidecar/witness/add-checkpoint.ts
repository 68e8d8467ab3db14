import { fromBase64 } from '../audit/verify/signed-note.js';
import { LIMITS } from '../kernel/limits.js';

/** What a log asks of a witness (C2SP tlog-witness, add-checkpoint). Only its form is known to be right. */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness cosigned last, as the log believes. */
  readonly oldSize: number;
  /** Consistency proof from there; 32 bytes each. */
  readonly proof: readonly Buffer[];
  /** First line of the checkpoint. */
  readonly origin: string;
  /** The signed checkpoint, verbatim. */
  readonly note: Buffer;
}

/** Takes the body of a request apart; undefined when it is not exactly one. */
export function readAddCheckpoint(body: Buffer): AddCheckpoint | undefined {
  const end = body.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first = '', ...hashLines] = body.toString('latin1', 0, end).split('\n');
  const oldSize = Number(/^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1]);
  if (!Number.isSafeInteger(oldSize) || hashLines.length > LIMITS.proofHashesMax) return undefined;
  const hashes = hashLines.map((line) => fromBase64(line));
  const proof = hashes.filter((hash) => hash?.length === 32) as Buffer[];
  if (proof.length < hashes.length) return undefined;
  const note = body.subarray(end + 2);
  const line = note.indexOf('\n');
  return line < 1 ? undefined : { oldSize, proof, origin: note.toString('utf8', 0, line), note };
}
