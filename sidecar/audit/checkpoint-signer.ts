import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { type Checkpoint, formatCheckpoint } from './notes/checkpoint.js';
import { formatNote } from './notes/note.js';
import type { NoteSigner } from './notes/note-signer.js';
import type { TreeEdge } from './tree/tree-edge.js';

/** What a checkpoint signer needs from outside. */
export interface CheckpointSignerOptions {
  /** Signs with the key that bears the name of the log. */
  readonly signer: NoteSigner;
  /** Leaves that are signed already: the size of the newest checkpoint, which the log must go on from. */
  readonly signedSize: number;
  /** Makes a signed checkpoint durable, and known. One at a time; after a rejection a later one is given instead. */
  publish(note: Buffer, checkpoint: Checkpoint): Promise<void>;
  /** Told why a checkpoint could not be published. It is tried again. */
  onError(error: unknown): void;
  /** Runs something after so many milliseconds, and gives what calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** Signs the tree once a second while it grows, or after 1,000 leaves, and at the end. */
export interface CheckpointSigner {
  /**
   * Tells that the log has grown. All leaves of the edge must be on disk, and nothing may be appended to it afterwards. Throws
   * `JIMINI_INTERNAL` when it has become smaller: that would sign two histories.
   */
  advance(edge: TreeEdge): void;
  /** Signs at once. Resolves when that has succeeded or failed, of which `onError` is told. */
  flush(): Promise<void>;
  /** Leaves that the newest published checkpoint covers. */
  readonly signedSize: number;
  /** Signs what is not signed yet. Rejects with the error of `publish`. Nothing is signed afterwards. */
  close(): Promise<void>;
}

/** A signer that goes on behind `signedSize` leaves. */
export function createCheckpointSigner(options: CheckpointSignerOptions): CheckpointSigner {
  const { signer, publish, onError, after } = options;
  let { signedSize } = options;
  let latest: TreeEdge | undefined;
  let running: Promise<void> | undefined;
  let callOff: (() => void) | undefined;
  let hasFailed = false;
  let isClosed = false;

  const unsigned = () => Math.max(0, (latest?.size ?? 0) - signedSize);

  const attempt = async (): Promise<void> => {
    if (!latest || unsigned() === 0) return;
    const checkpoint = { origin: signer.key.name, size: latest.size, root: latest.root(), extensions: [] };
    const text = Buffer.from(formatCheckpoint(checkpoint));
    await publish(formatNote({ text, signatures: [signer.sign(text)] }), checkpoint);
    signedSize = checkpoint.size;
  };

  const start = (): void => {
    if (isClosed || running) return;
    callOff?.();
    callOff = undefined;
    running = attempt().then(
      () => finish(false),
      (error) => {
        onError(error);
        finish(true);
      },
    );
  };

  const finish = (failed: boolean): void => {
    running = undefined;
    hasFailed = failed;
    plan();
  };

  /** After a failure only time counts, or a full disk would be tried with every group of leaves. */
  const plan = (): void => {
    if (isClosed || running || unsigned() === 0) return;
    if (unsigned() >= LIMITS.checkpointLeavesMax && !hasFailed) start();
    else callOff ??= after(LIMITS.checkpointMsMax, start);
  };

  return {
    advance(edge) {
      if (edge.size < Math.max(signedSize, latest?.size ?? 0)) {
        throw new JiminiError('JIMINI_INTERNAL', `a tree of ${edge.size} leaves cannot follow a larger one`);
      }
      latest = edge;
      plan();
    },
    async flush() {
      await running;
      start();
      await running;
    },
    get signedSize() {
      return signedSize;
    },
    async close() {
      isClosed = true;
      callOff?.();
      await running;
      await attempt();
    },
  };
}
