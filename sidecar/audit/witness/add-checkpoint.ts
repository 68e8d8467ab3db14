import { LIMITS } from '../../kernel/limits.js';
import { readRetryAfter } from '../../kernel/retry-after.js';
import { countOfDecimal } from '../notes/decimal.js';
import { type NoteSignature, parseNote } from '../notes/note.js';
import { openNote } from '../notes/open-note.js';
import type { VerifierKey } from '../notes/verifier-key.js';

/** What a witness is asked: to cosign a checkpoint that continues one that it cosigned before. */
export interface WitnessQuestion {
  /** Size of the checkpoint before, 0 = none. */
  readonly oldSize: number;
  /** Size of the checkpoint, not smaller. */
  readonly size: number;
  /** Consistency proof from the one to the other; 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly note: Uint8Array;
}

/** What came back over HTTP. */
export interface WitnessAnswer {
  readonly status: number;
  /** As sent; empty = none. */
  readonly contentType: string;
  /** `Retry-After` as sent. */
  readonly retryAfter?: string | undefined;
  readonly body: Uint8Array;
}

/**
 * Why there is no cosignature. What the witness said: `rejected` = it does not take the request (400), `unsigned` = it does
 * not know our key (403), `unknown_log` (404), `inconsistent` = the checkpoint does not continue what it cosigned (422),
 * `forked` = it cosigned another root of this size, `ahead` = it cosigned a larger log than ours, `unsettled` = each time
 * another size, `status` = any other status. What is wrong with its answer: `malformed`, `signature` = no cosignature of its key
 * that holds, `time` = one of another time than now, `too_large`. What went wrong before: `timeout`, `unreachable`, and
 * `proof` = our own log could not be read.
 */
export type WitnessFault =
  | 'rejected'
  | 'unsigned'
  | 'unknown_log'
  | 'inconsistent'
  | 'forked'
  | 'ahead'
  | 'unsettled'
  | 'status'
  | 'malformed'
  | 'signature'
  | 'time'
  | 'too_large'
  | 'timeout'
  | 'unreachable'
  | 'proof';

/** What an answer means. */
export type WitnessWord =
  | { readonly kind: 'cosigned'; readonly signature: NoteSignature }
  /** It cosigned a checkpoint of another size last: a proof from there is wanted. */
  | { readonly kind: 'stale'; readonly size: number }
  | { readonly kind: 'fault'; readonly fault: WitnessFault; readonly retryAfterMs?: number };

/** Body of the request (C2SP tlog-witness, add-checkpoint). */
export function formatAddCheckpoint({ oldSize, proof, note }: WitnessQuestion): Buffer {
  const lines = [`old ${oldSize}`, ...proof.map((hash) => Buffer.from(hash).toString('base64')), '', ''];
  return Buffer.concat([Buffer.from(lines.join('\n')), note]);
}

/** Judges what a witness with this key answered. `nowMs`: wall-clock time. Never throws. */
export function judgeAnswer(
  answer: WitnessAnswer,
  question: WitnessQuestion,
  key: VerifierKey,
  nowMs: number,
): WitnessWord {
  switch (answer.status) {
    case 200:
      return cosignatureIn(answer.body, question.note, key, nowMs);
    case 400:
      return fault('rejected');
    case 403:
      return fault('unsigned');
    case 404:
      return fault('unknown_log');
    case 409:
      return conflictIn(answer, question);
    case 422:
      return fault('inconsistent');
    default: {
      const retryAfterMs = answer.retryAfter === undefined ? undefined : readRetryAfter(answer.retryAfter, nowMs);
      return { ...fault('status'), ...(retryAfterMs !== undefined && { retryAfterMs }) };
    }
  }
}

function cosignatureIn(body: Uint8Array, note: Uint8Array, key: VerifierKey, nowMs: number): WitnessWord {
  try {
    const { text } = parseNote(note);
    // What the specification proposes: a note with the lines of the answer in the place of the log's own.
    const bytes = Buffer.concat([text, Buffer.from('\n'), body]);
    const opened = openNote(bytes, [key]);
    const timestampS = opened.signatures[0]?.timestampS;
    const signature = parseNote(bytes).signatures.find((line) => line.name === key.name && line.keyId === key.keyId);
    if (!opened.text.equals(text) || timestampS === undefined || !signature) return fault('signature');
    const apartMs = Math.abs(Number(timestampS) * 1000 - nowMs);
    return apartMs > LIMITS.witnessClockMsMax ? fault('time') : { kind: 'cosigned', signature };
  } catch {
    return fault('signature');
  }
}

function conflictIn({ contentType, body }: WitnessAnswer, { oldSize, size }: WitnessQuestion): WitnessWord {
  const text = Buffer.from(body).toString('latin1');
  const told = text.endsWith('\n') ? countOfDecimal(text.slice(0, -1)) : undefined;
  const isSize = contentType.split(';', 1)[0]?.trim().toLowerCase() === 'text/x.tlog.size' && told !== undefined;
  // The old size was right, and so the roots must differ. Of this answer no form is prescribed.
  if (oldSize === size && (!isSize || told === oldSize)) return fault('forked');
  if (!isSize || told === oldSize) return fault('malformed');
  return told > size ? fault('ahead') : { kind: 'stale', size: told };
}

function fault(kind: WitnessFault): { readonly kind: 'fault'; readonly fault: WitnessFault } {
  return { kind: 'fault', fault: kind };
}
