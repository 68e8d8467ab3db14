import { admitCall, type Breaker, CLOSED_BREAKER, settleCall } from '../../kernel/breaker.js';
import { type Clock, monotonicMs } from '../../kernel/clock.js';
import { LIMITS } from '../../kernel/limits.js';
import type { VerifierKey } from '../notes/verifier-key.js';
import { provenConsistency, signedTree } from '../tree/proven.js';
import type { TileReader } from '../tree/tiles.js';
import {
  formatAddCheckpoint,
  judgeAnswer,
  type WitnessAnswer,
  type WitnessFault,
  type WitnessWord,
} from './add-checkpoint.js';
import { sizeCosignedBy } from './cosigned-note.js';
import { createKeeper } from './keeper.js';

/** One witness as configured. */
export interface WitnessTarget {
  readonly name: string;
  /** What its cosignatures are checked with. */
  readonly key: VerifierKey;
  /** Sends the body of a request. Never rejects; ends soon after `ended` aborts. */
  post(body: Uint8Array, ended: AbortSignal): Promise<WitnessAnswer | { readonly fault: WitnessFault }>;
}

/** What the witnesses of a log need from outside, and who is told. */
export interface WitnessesOptions {
  readonly targets: readonly WitnessTarget[];
  /** Key that the log signs with now: what was stored counts only when it signed it. */
  readonly logKey: VerifierKey;
  /** Where proofs are made from. */
  readonly reader: TileReader;
  /** The checkpoint that was cosigned last, and where the next is kept. */
  readonly store: { readonly newest: Buffer | undefined; write(content: Uint8Array): Promise<void> };
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded: spreads the attempts of many sidecars. */
  readonly random: () => number;
  /** Runs something after so many milliseconds, and gives what calls it off. */
  after(ms: number, run: () => void): () => void;
  /** A witness gave no cosignature. */
  onFault(name: string, fault: WitnessFault): void;
  /** A witness has cosigned the checkpoint of this size. */
  onCosigned(name: string, size: number): void;
  /** The cosigned checkpoint could not be stored. It is tried again with the next one. */
  onError(error: unknown): void;
}

/** What is known of one witness. Where it is, and what it says in words, is not told. */
export interface WitnessState {
  readonly name: string;
  /** Size of the newest checkpoint that it is known to have cosigned; 0 = none. */
  readonly size: number;
  /** Seconds since it cosigned one; absent = it has not in this run. */
  readonly cosignedForS?: number;
  /** Why it gave no cosignature when it was asked last; absent = it did, or was not asked yet. */
  readonly fault?: WitnessFault;
  readonly breaker: Breaker['state'];
}

/** Offers checkpoints to witnesses, each at its own pace, and keeps the newest that one of them cosigned. */
export interface Witnesses {
  /** A checkpoint that is published and on disk. Returns at once. */
  offer(note: Buffer, size: number): void;
  /** Size of the newest checkpoint that this witness is known to have cosigned, by name; 0 = none. */
  sizes(): Iterable<readonly [name: string, size: number]>;
  /** Breakers by name. */
  breakers(): Iterable<readonly [name: string, breaker: Breaker]>;
  /** All witnesses, as they were configured. */
  states(): readonly WitnessState[];
  /**
   * Gives witnesses that answer `LIMITS.witnessCloseMsMax` for the last checkpoint, and resolves when what they cosigned is
   * stored. Nothing is offered afterwards. Never rejects.
   */
  close(): Promise<void>;
}

interface Witness {
  readonly target: WitnessTarget;
  size: number;
  /** Monotonic; undefined = not in this run. */
  cosignedMs: number | undefined;
  fault: WitnessFault | undefined;
  breaker: Breaker;
  running: Promise<void> | undefined;
  callOff: (() => void) | undefined;
}

const BREAKER = {
  failuresToOpen: LIMITS.witnessFailuresToOpen,
  openMsMin: LIMITS.witnessOpenMsMin,
  openMsMax: LIMITS.witnessOpenMsMax,
};

export function createWitnesses(options: WitnessesOptions): Witnesses {
  const { store, clock, after, random, logKey } = options;
  const ended = new AbortController();
  const witnesses = options.targets.map(
    (target): Witness => ({
      target,
      size: store.newest ? sizeCosignedBy(store.newest, logKey, target.key) : 0,
      cosignedMs: undefined,
      fault: undefined,
      breaker: CLOSED_BREAKER,
      running: undefined,
      callOff: undefined,
    }),
  );
  const keeper = createKeeper(options);
  let latest: { readonly note: Buffer; readonly size: number } | undefined;
  let isClosing = false;
  const nowMs = () => monotonicMs(clock);

  /** Puts one checkpoint to one witness, and heals what it knows of the witness's state. */
  const ask = async ({ target, size: known }: Witness, { note, size }: { note: Buffer; size: number }) => {
    let oldSize = known;
    for (let attempt = 0; attempt < LIMITS.witnessAttemptsMax; attempt += 1) {
      const proof = await provenConsistency(signedTree(options.reader, note), oldSize).catch(() => undefined);
      if (!proof) return faultOf('proof');
      const question = { oldSize, size, proof: proof.hashes, note };
      const answer = await target.post(formatAddCheckpoint(question), ended.signal);
      if ('fault' in answer) return faultOf(answer.fault);
      const word = judgeAnswer(answer, question, target.key, clock.nowMs());
      if (word.kind !== 'stale') return word;
      oldSize = word.size;
    }
    return faultOf('unsettled');
  };

  const attempt = async (witness: Witness, offered: { note: Buffer; size: number }, ticket: number): Promise<void> => {
    const { name } = witness.target;
    const word = await ask(witness, offered);
    const outcome =
      word.kind === 'cosigned'
        ? ({ ok: true } as const)
        : { ok: false as const, ...(word.retryAfterMs !== undefined && { retryAfterMs: word.retryAfterMs }) };
    witness.breaker = settleCall(witness.breaker, { ticket, outcome, nowMs: nowMs(), random: random() }, BREAKER);
    if (word.kind === 'fault') {
      // A question that our own end has cut off says nothing of the witness.
      if (ended.signal.aborted) return;
      witness.fault = word.fault;
      options.onFault(name, word.fault);
      return;
    }
    witness.size = offered.size;
    witness.cosignedMs = nowMs();
    witness.fault = undefined;
    keeper.add(offered.note, word.signature);
    options.onCosigned(name, offered.size);
  };

  /** Starts an attempt when there is something to offer, nothing under way, and the breaker lets it through. */
  const start = (witness: Witness): void => {
    if (!latest || witness.running || witness.callOff || witness.size >= latest.size) return;
    const { breaker, ticket } = admitCall(witness.breaker, nowMs());
    witness.breaker = breaker;
    if (ticket === undefined) {
      if (breaker.state === 'open') later(witness, breaker.untilMs - nowMs());
      return;
    }
    witness.running = attempt(witness, latest, ticket).then(() => {
      witness.running = undefined;
      later(witness, LIMITS.witnessPaceMs);
    });
  };

  const later = (witness: Witness, ms: number): void => {
    if (isClosing) return;
    witness.callOff = after(Math.max(1, ms), () => {
      witness.callOff = undefined;
      start(witness);
    });
  };

  return {
    offer(note, size) {
      if (isClosing) return;
      latest = { note, size };
      for (const witness of witnesses) start(witness);
    },
    sizes: () => witnesses.map(({ target, size }) => [target.name, size] as const),
    breakers: () => witnesses.map(({ target, breaker }) => [target.name, breaker] as const),
    states: () => witnesses.map((witness) => stateOf(witness, nowMs())),
    async close() {
      isClosing = true;
      const stop = after(LIMITS.witnessCloseMsMax, () => ended.abort());
      await Promise.all(witnesses.map((witness) => lastWord(witness)));
      stop();
      await keeper.close();
    },
  };

  async function lastWord(witness: Witness): Promise<void> {
    witness.callOff?.();
    witness.callOff = undefined;
    await witness.running;
    if (ended.signal.aborted || witness.breaker.state !== 'closed') return;
    start(witness);
    await witness.running;
  }
}

function stateOf({ target, size, cosignedMs, fault, breaker }: Witness, nowMs: number): WitnessState {
  return {
    name: target.name,
    size,
    ...(cosignedMs !== undefined && { cosignedForS: Math.floor((nowMs - cosignedMs) / 1_000) }),
    ...(fault && { fault }),
    breaker: breaker.state,
  };
}

function faultOf(fault: WitnessFault): Extract<WitnessWord, { kind: 'fault' }> {
  return { kind: 'fault', fault };
}
