import { LIMITS } from '../../kernel/limits.js';
import type { NoteSignature } from '../notes/note.js';
import type { VerifierKey } from '../notes/verifier-key.js';
import { type CosignedNote, openCosigned, withCosignature } from './cosigned-note.js';

/** Keeps the newest checkpoint that a witness cosigned, with the lines of all that cosigned it. */
export interface Keeper {
  /** Takes one cosignature of the signed checkpoint `note`. It is stored a moment later, so that others can join it. */
  add(note: Buffer, signature: NoteSignature): void;
  /** Stores what is not stored yet. Never rejects. */
  close(): Promise<void>;
}

/** What a keeper needs from outside. */
export interface KeeperOptions {
  /** Key that the log signs with now: what was stored counts only when it signed it. */
  readonly logKey: VerifierKey;
  /** What was stored last, and where the next is put. */
  readonly store: { readonly newest: Buffer | undefined; write(content: Uint8Array): Promise<void> };
  /** Runs something after so many milliseconds, and gives what calls it off. */
  after(ms: number, run: () => void): () => void;
  /** It could not be stored. The next one is tried all the same. */
  onError(error: unknown): void;
}

export function createKeeper({ logKey, store, after, onError }: KeeperOptions): Keeper {
  let newest: CosignedNote | undefined = store.newest && openCosigned(store.newest, logKey);
  let stored = newest;
  let callOff: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    if (!newest || newest === stored) return;
    const next = newest;
    await store.write(next.bytes).then(() => {
      stored = next;
    }, onError);
  };
  const flush = (): void => {
    callOff = undefined;
    writing = writing.then(write);
  };

  return {
    add(note, signature) {
      newest = withCosignature(newest, note, signature);
      callOff ??= after(LIMITS.cosignedWriteMs, flush);
    },
    async close() {
      callOff?.();
      flush();
      await writing;
    },
  };
}
