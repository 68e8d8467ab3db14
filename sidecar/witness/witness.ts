import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { checkCheckpoint, parseStatement } from '../audit/verify/checkpoints.js';
import { isConsistent } from '../audit/verify/merkle.js';
import { type NoteKey, parseNote } from '../audit/verify/signed-note.js';
import type { Clock } from '../kernel/clock.js';
import { type AddCheckpoint, readAddCheckpoint } from './add-checkpoint.js';
import type { Cosigner } from './cosigner.js';
import { type EvidenceKind, keepEvidence } from './evidence.js';
import { type Known, type LogState, openLogState } from './state.js';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a witness is made of. */
export interface WitnessOptions {
  /** Keys of the logs that it serves. The name of a key is the origin of its log; a log may have several. */
  readonly logKeys: readonly NoteKey[];
  readonly cosigner: Cosigner;
  /** Where it keeps what it cosigned, and evidence. A directory of its own. */
  readonly directory: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Told of a checkpoint that was refused because it does not continue what was cosigned. `path`: where the pair is kept. */
  readonly onEvidence: (kind: EvidenceKind, origin: string, path: string | undefined) => void;
  /** Told why a request could not be answered. */
  readonly onError: (error: unknown) => void;
}

/** A witness (C2SP tlog-witness): cosigns checkpoints that continue those that it cosigned before. */
export interface Witness {
  /** Answers one request. Never rejects. Requests about one log have their turn one after the other. */
  addCheckpoint(body: Buffer): Promise<Answer>;
}

interface WitnessedLog {
  readonly keys: readonly NoteKey[];
  /** Hex, stands for the origin in names of files. */
  readonly name: string;
  readonly state: LogState;
  /** What is on disk; `stale` after a failure, until it was read again. */
  known: Known | undefined | 'stale';
  /** The end of the last request about this log. */
  turn: Promise<unknown>;
}

const EMPTY_ROOT = createHash('sha256').digest();

/** Reads what was cosigned before. Rejects with `JIMINI_STORE_CORRUPT` when the state of a log is damaged. */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const { cosigner, clock, onEvidence, onError, directory } = options;
  const logs = new Map<string, WitnessedLog>();
  for (const origin of new Set(options.logKeys.map((key) => key.name))) {
    const keys = options.logKeys.filter((key) => key.name === origin);
    const name = createHash('sha256').update(origin).digest('hex');
    const state = await openLogState(join(directory, 'logs', name));
    logs.set(origin, { keys, name, state, known: await state.load(), turn: Promise.resolve() });
  }

  const refuseWithEvidence = async (kind: EvidenceKind, log: WitnessedLog, { note, origin }: AddCheckpoint) => {
    const { known } = log;
    if (known === undefined || known === 'stale') return;
    const pair = { kind, log: log.name, known: known.note, offered: note };
    // What cannot be kept is refused all the same.
    const path = await keepEvidence(join(directory, 'evidence'), pair).catch(onError);
    onEvidence(kind, origin, path ?? undefined);
  };

  /** The checks in the order of the specification. */
  const answer = async (log: WitnessedLog, request: AddCheckpoint): Promise<Answer> => {
    const note = parseNote(request.note);
    if ('why' in note) return plain(400, note.why);
    const statement = parseStatement(note.text);
    if ('why' in statement) return plain(400, statement.why);
    const checkpoint = checkCheckpoint(request.note, log.keys);
    if ('why' in checkpoint) return plain(403, checkpoint.why);
    if (request.oldSize > checkpoint.size) return plain(400, 'the old size is larger than the checkpoint');
    if (log.known === 'stale') log.known = await log.state.load();
    const known = log.known ?? { size: 0, root: EMPTY_ROOT };
    if (request.oldSize !== known.size) return sizeConflict(known.size);
    if (checkpoint.size === known.size && !checkpoint.root.equals(known.root)) {
      await refuseWithEvidence('fork', log, request);
      return sizeConflict(known.size);
    }
    if (!isConsistent(known, checkpoint, request.proof)) {
      await refuseWithEvidence('unproven', log, request);
      return plain(422, 'the consistency proof does not hold');
    }
    if (checkpoint.size > known.size || !log.known) await save(log, { ...checkpoint, note: request.note });
    const line = cosigner.cosign(Buffer.from(note.text), Math.floor(clock.nowMs() / 1000));
    return { status: 200, contentType: TEXT, body: line };
  };

  const save = async (log: WitnessedLog, { size, root, note }: Known): Promise<void> => {
    log.known = 'stale';
    await log.state.save({ size, root, note });
    log.known = { size, root, note };
  };

  return {
    async addCheckpoint(body) {
      const request = readAddCheckpoint(body);
      if (!request) return plain(400, 'the request is malformed');
      const log = logs.get(request.origin);
      if (!log) return plain(404, 'the log is not known');
      const answered = log.turn
        .then(() => answer(log, request))
        .catch((error) => {
          onError(error);
          return plain(500, 'the witness cannot keep its state');
        });
      log.turn = answered;
      return answered;
    },
  };
}

const TEXT = 'text/plain; charset=utf-8';

/** What the answer to a stale old size must say. */
function sizeConflict(size: number): Answer {
  return { status: 409, contentType: 'text/x.tlog.size', body: `${size}\n` };
}

/** What the answer is called never repeats what the request said. */
function plain(status: number, line: string): Answer {
  return { status, contentType: TEXT, body: `${line}\n` };
}
