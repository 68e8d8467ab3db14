import type { Clock } from '../../kernel/clock.js';
import { JiminiError } from '../../kernel/errors.js';
import type { Discontinuity, LeafFields } from '../../kernel/leaf.js';
import { type CheckpointSigner, createCheckpointSigner } from '../checkpoint-signer.js';
import { mintLogId } from '../log-id.js';
import type { KeptLeaves, LogPages } from '../log-store.js';
import { originOf } from '../notes/checkpoint.js';
import { createNoteSigner } from '../notes/note-signer.js';
import { formatVerifierKey, type VerifierKey } from '../notes/verifier-key.js';
import type { TileReader } from '../tree/tiles.js';
import type { TreeEdge } from '../tree/tree-edge.js';
import { type ChosenKey, chooseKey } from './choose-key.js';
import { discontinuityText, findDiscontinuity } from './discontinuity.js';
import { type LastSigned, openLastSigned, publicKeysOf, verifierKeyOf } from './last-signed.js';
import { keysNamedIn } from './named-keys.js';
import type { SigningFiles } from './signing-files.js';

/** The log as it lies in the store, before anything is written to it. */
export interface LogToSign {
  /** Absent when there are no leaves. */
  readonly logId: string | undefined;
  readonly size: number;
  /** First leaf that is there. */
  readonly firstSeq: number;
  /** Number of the key in force. */
  readonly epoch: number;
  readonly rows: LogPages & TileReader & KeptLeaves;
}

/** What signing a log needs from outside. */
export interface LogSigningOptions {
  /** Reads what is kept of keys and checkpoints; asked for once the store is ours, so that nobody else changes it any more. */
  readonly openFiles: () => Promise<SigningFiles>;
  /** Whether a log that does not go on from what was signed last is served all the same. */
  readonly onGap: 'serve' | 'refuse';
  readonly clock: Clock;
  /** Gives that many random bytes. */
  readonly random: (count: number) => Uint8Array;
  /** Told of each checkpoint that is on disk, and of each that could not be written: it is tried again a second later. */
  readonly onCheckpoint?: (event: CheckpointEvent) => void;
  /** Waited for after the last checkpoint, while the log can still be read. Must not reject. */
  readonly beforeEnd?: () => Promise<void>;
  /** Runs something after so many milliseconds, and gives what calls it off. Default: a timer that keeps no process alive. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

/** What became of a checkpoint. */
export type CheckpointEvent =
  | { readonly state: 'published'; readonly size: number }
  | { readonly state: 'failed'; readonly error: JiminiError };

/** What is signed of a log. */
export interface SignedState {
  /** The newest checkpoint that is on disk; absent = none yet. */
  readonly checkpoint: { readonly note: Buffer; readonly size: number } | undefined;
  /** Keys of the log, the one that signs first. */
  readonly keys: readonly VerifierKey[];
  /** What this start found when the log did not go on from what was signed last. */
  readonly discontinuity: Discontinuity | undefined;
  /** Whether the configuration names a key that does not sign: it has signed before another came into force. */
  readonly isGivenKeyUnused: boolean;
  /** Why the last checkpoint could not be written; absent = it was. */
  readonly failure: JiminiError | undefined;
  /** How long there have been leaves that no checkpoint covers, in seconds, or since the last checkpoint if that is less; 0 = all are covered. */
  unsignedForS(): number;
}

/** Signs one log, as a chain writer uses it. */
export interface LogSigning extends SignedState {
  readonly logId: string;
  /** What the first leaves of the run have to state behind the `open` leaf, in their order. */
  readonly opening: readonly LeafFields[];
  /**
   * To be called after the `opening` is on disk: puts the key in force and signs. Rejects when the key cannot be; a checkpoint that
   * cannot be written is told to `onCheckpoint`.
   */
  begin(edge: TreeEdge): Promise<void>;
  /** Tells that the log has grown; what the edge covers is on disk. */
  advance(edge: TreeEdge): void;
  /** Signs what is not signed yet, as far as that is possible. */
  close(): Promise<void>;
}

/** What a start found. */
export interface Inspection {
  /** Absent when nothing tells. */
  readonly logId: string | undefined;
  readonly last: LastSigned | undefined;
  readonly discontinuity: Discontinuity | undefined;
}

/** Compares a log with what was signed last. Rejects with `JIMINI_STORE_CORRUPT` when hashes of its tree are missing. */
export async function inspectLog({ logId, size, firstSeq, rows }: LogToSign, files: SigningFiles): Promise<Inspection> {
  const last = openLastSigned(files);
  // All leaves are gone, but what was signed tells which log it was.
  const [, signedId] = /^jimini\.log\/([a-z2-7]{26})$/.exec(last?.checkpoint.origin ?? '') ?? [];
  const discontinuity = await findDiscontinuity({ logId, size, firstSeq, tiles: rows }, last);
  return { logId: logId ?? signedId, last, discontinuity };
}

/**
 * Compares the log with what was signed last, and chooses the key that signs from now on. Rejects with `JIMINI_STORE_CORRUPT` when the
 * log does not go on from it and that is refused, and as `openFiles` does.
 */
export async function openLogSigning(log: LogToSign, options: LogSigningOptions): Promise<LogSigning> {
  const { onGap, random } = options;
  const files = await options.openFiles();
  const inspection = await inspectLog(log, files);
  const { discontinuity, last } = inspection;
  const isAcknowledged = discontinuity !== undefined && files.acknowledged === discontinuityText(discontinuity);
  if (discontinuity && onGap === 'refuse' && !isAcknowledged) throw refused(discontinuity);

  const logId = inspection.logId ?? mintLogId(random);
  const origin = originOf(logId);
  const written = publicKeysOf(files.publicKeys);
  const known = written.filter(({ name }) => name === origin);
  const named = await keysNamedIn(log.rows, log);
  const signer = last?.key.name === origin ? last.key : undefined;
  const { own } = files.keys;
  // No leaf names the key of epoch 1 before another follows it: it is the oldest that was written down, or what has signed, or our own.
  const first = named.at(-1) ?? known.at(-1) ?? signer ?? (own && verifierKeyOf(origin, own));
  const inForce = named[0] ?? first;
  const used = [...named, ...known, ...(first ? [first] : []), ...(last ? [last.key] : [])];
  if (discontinuity || (files.newest && !last)) await files.keepEvidence(last?.checkpoint.size ?? 0);
  // A first start that was killed is one leaf without a checkpoint; so is what is left of a log that was signed.
  const mustChange = discontinuity ? 'gap' : !last && log.size > 0 ? 'rotate' : undefined;
  const chosen = await chooseKey({ origin, epoch: log.epoch, inForce, used, mustChange }, files);
  return createLogSigning({
    logId,
    discontinuity,
    isAcknowledged,
    keys: newestFirst([verifierKeyOf(origin, chosen.key), ...named, ...known], first),
    otherKeys: written.filter(({ name }) => name !== origin),
    chosen,
    last: discontinuity ? undefined : last,
    files,
    options,
  });
}

interface Opened {
  readonly logId: string;
  readonly discontinuity: Discontinuity | undefined;
  readonly isAcknowledged: boolean;
  readonly keys: readonly VerifierKey[];
  /** Keys of a log that was here before: what it signed may be among the evidence. */
  readonly otherKeys: readonly VerifierKey[];
  readonly chosen: ChosenKey;
  /** Absent when the log does not go on from it. */
  readonly last: LastSigned | undefined;
  readonly files: SigningFiles;
  readonly options: LogSigningOptions;
}

function createLogSigning(opened: Opened): LogSigning {
  const { logId, discontinuity, isAcknowledged, keys, otherKeys, chosen, last, files, options } = opened;
  const { clock, onCheckpoint } = options;
  let checkpoint = last && { note: last.note, size: last.checkpoint.size };
  let failure: JiminiError | undefined;
  let signer: CheckpointSigner | undefined;
  let size = 0;
  let unsignedSinceNs = clock.monotonicNs();

  const isSigned = () => size <= (checkpoint?.size ?? 0);

  const onError = (reason: unknown) => {
    failure = JiminiError.from(reason);
    onCheckpoint?.({ state: 'failed', error: failure });
  };

  return {
    logId,
    discontinuity,
    keys,
    isGivenKeyUnused: files.keys.given !== undefined && chosen.source !== 'given',
    opening: [
      ...(discontinuity ? [{ kind: 'gap', ...discontinuity } as const] : []),
      ...(discontinuity && isAcknowledged ? [{ kind: 'admin', op: 'acknowledge_gap', ...discontinuity } as const] : []),
      ...(chosen.leaf ? [chosen.leaf] : []),
    ],
    get checkpoint() {
      return checkpoint;
    },
    get failure() {
      return failure;
    },
    unsignedForS() {
      return isSigned() ? 0 : Number((clock.monotonicNs() - unsignedSinceNs) / 1_000_000n) / 1_000;
    },
    async begin(edge) {
      await files.keepOnly(chosen.source);
      const text = [...keys, ...otherKeys].map((key) => `${formatVerifierKey(key)}\n`).join('');
      if (text !== files.publicKeys) await files.writePublicKeys(text);
      if (isAcknowledged) await files.forgetAcknowledged();
      // Witnesses saw it under a key that signs nothing any more. Before the new key signs: else the next start finds the gap again.
      if (discontinuity && files.cosigned?.length) await files.writeCosigned(new Uint8Array());
      signer = createCheckpointSigner({
        signer: createNoteSigner(originOf(logId), chosen.key),
        signedSize: checkpoint?.size ?? 0,
        async publish(note, published) {
          await files.writeCheckpoint(note);
          checkpoint = { note, size: published.size };
          unsignedSinceNs = clock.monotonicNs();
          failure = undefined;
          onCheckpoint?.({ state: 'published', size: published.size });
        },
        onError,
        after: options.after ?? afterMs,
      });
      this.advance(edge);
      await signer.flush();
    },
    advance(edge) {
      if (isSigned()) unsignedSinceNs = clock.monotonicNs();
      size = edge.size;
      signer?.advance(edge);
    },
    async close() {
      await signer?.close().catch(onError);
      await options.beforeEnd?.();
    },
  };
}

function afterMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}

/** Each key once; that of epoch 1 stays the last. */
function newestFirst(keys: readonly VerifierKey[], first: VerifierKey | undefined): readonly VerifierKey[] {
  const textOfFirst = first && formatVerifierKey(first);
  const [key, ...older] = new Map(keys.map((one) => [formatVerifierKey(one), one])).entries();
  const others = older.filter(([text]) => text !== textOfFirst).map(([, one]) => one);
  return [...(key ? [key[1]] : []), ...others, ...(first && key?.[0] !== textOfFirst ? [first] : [])];
}

function refused({ reason, recovered_size, signed_size }: Discontinuity): JiminiError {
  const what = {
    log_shorter: `${signed_size} leaves were signed, and ${recovered_size} are there`,
    log_differs: `its first ${signed_size} leaves are not those that were signed`,
    no_checkpoint: `${recovered_size} leaves are there, and no checkpoint that a key of the log signed`,
  }[reason];
  const advice =
    'keep a copy of the data directory, find out why, and run `jimini log acknowledge-gap` to let it go on (log.onGap: refuse)';
  return new JiminiError(
    'JIMINI_STORE_CORRUPT',
    `the log does not go on from what was signed last: ${what}: ${advice}`,
  );
}
