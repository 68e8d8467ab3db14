import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { openCheckpoint, originOf } from '../../sidecar/audit/notes/checkpoint.js';
import { parseVerifierKey, type VerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import type { LogSigningOptions } from '../../sidecar/audit/signing/log-signing.js';
import type { TreeNode } from '../../sidecar/audit/tree/tiles.js';
import { createTreeEdge } from '../../sidecar/audit/tree/tree-edge.js';
import { createFaultyStore, type FaultyStore } from '../storage/faulty-store.js';
import { leavesOf } from './double-log.js';
import { createMemorySigningFiles, type MemorySigningFiles } from './memory-signing-files.js';
import { decision, logOptions, openAuditLog } from './records.js';
import { createReference } from './tree/reference.js';

/** One log and what is kept beside it, over several runs. */
export interface SignedRuns {
  readonly files: MemorySigningFiles;
  /** The store as it is now. */
  store(): FaultyStore;
  leaves(): Record<string, unknown>[];
  /** Puts these rows in the place of the store, as somebody would who has the disk. */
  replace(rows: readonly LeafRow[]): Promise<void>;
  open(signing?: Partial<LogSigningOptions>): Promise<AuditLog>;
  /** A whole run with so many records; gives the leaves that it wrote. */
  run(records: number, signing?: Partial<LogSigningOptions>): Promise<Record<string, unknown>[]>;
}

export function createSignedRuns(): SignedRuns {
  const files = createMemorySigningFiles();
  let store = createFaultyStore();
  const open = (signing: Partial<LogSigningOptions> = {}) => {
    const base = logOptions(store);
    const own = { openFiles: async () => files, after: () => () => {}, ...signing };
    return openAuditLog({ ...base, signing: { ...base.signing, ...own }, wait: () => Promise.resolve() });
  };
  return {
    files,
    store: () => store,
    leaves: () => leavesOf(store.disk),
    async replace(rows) {
      store = createFaultyStore();
      const handle = await store.open();
      const edge = createTreeEdge();
      const nodes: TreeNode[] = rows.flatMap(({ hash }) => [...edge.append(Buffer.from(hash, 'hex'))]);
      if (rows.length > 0) await handle.write(rows, nodes);
      await handle.close();
    },
    open,
    async run(records, signing) {
      const before = store.disk.length;
      const log = await open(signing);
      for (let index = 0; index < records; index += 1) await log.append({ leafFields: decision(`r${index}`) });
      await log.close('shutdown');
      return leavesOf(store.disk.slice(before));
    },
  };
}

/** Keys by their epoch, as the leaves and the oldest line of `key.pub` tell. */
export function keysByEpoch(leaves: readonly Record<string, unknown>[], publicKeys: string): Map<number, VerifierKey> {
  const name = originOf(String(leaves[0]?.['log_id']));
  const own = publicKeys.split('\n').filter((line) => line.startsWith(`${name}+`));
  const keys = new Map([[1, parseVerifierKey(own.at(-1) ?? '')]]);
  for (const { kind, epoch, new_key: key } of leaves) {
    if (kind === 'key') keys.set(epoch as number, parseVerifierKey(String(key)));
  }
  return keys;
}

/** What is wrong with the newest checkpoint of a log, seen by its leaves and keys; empty = nothing. */
export function checkpointFaults(runs: SignedRuns): string[] {
  const { files } = runs;
  const leaves = runs.leaves();
  const note = files.newest;
  if (!note) return ['there is none'];
  const logId = String(leaves[0]?.['log_id']);
  const keys = keysByEpoch(leaves, files.publicKeys);
  const opened = openCheckpoint(note, [...keys.values()]);
  const wrong: string[] = [];
  if (opened.origin !== originOf(logId)) wrong.push(`origin ${opened.origin}`);
  const hashes = runs.store().disk.map(({ hash }) => Buffer.from(hash, 'hex'));
  if (!createReference(hashes).root(opened.size).equals(opened.root)) wrong.push(`root of ${opened.size} leaves`);
  const epoch = leaves[opened.size - 1]?.['epoch'] as number;
  const [signature] = opened.note.signatures;
  if (keys.get(epoch)?.keyId !== signature?.key.keyId) wrong.push(`it is not signed by the key of epoch ${epoch}`);
  return wrong;
}
