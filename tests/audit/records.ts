import { randomBytes } from 'node:crypto';
import { type AuditLog, type AuditLogOptions, recoverAuditLog } from '../../sidecar/audit/audit-log.js';
import type { EarlyMark } from '../../sidecar/audit/early-answers.js';
import type { LogStore } from '../../sidecar/audit/log-store.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import type { DecisionFields } from '../../sidecar/kernel/leaf.js';
import { createEarlyMark } from '../../sidecar/storage/early-mark.js';
import { createLevelLogStore } from '../../sidecar/storage/level-log-store.js';
import { openSigningFiles } from '../../sidecar/storage/signing-files.js';
import { createMemorySigningFiles, type MemorySigningFiles } from './memory-signing-files.js';

/** A record like those of a busy day; `route` is where tests put what they look for later. */
export function decision(route: string, fields: Partial<DecisionFields> = {}): DecisionFields {
  return {
    kind: 'decision',
    door: 'ext_authz',
    direction: 'inbound',
    route,
    tenant: '',
    raw: 'BLOCK',
    effective: 'BLOCK',
    rule_ids: ['pci.card-number', 'secrets.api-key'],
    rule_count: 2,
    gaps: [],
    gap_count: 0,
    policy_revision: 'sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9',
    c_request_id: '',
    c_req: '',
    c_resp: '',
    c_subj: '',
    ...fields,
  };
}

/** The program under test: ours, or one with a fault planted in it. */
export interface Program {
  readonly recoverAuditLog: typeof recoverAuditLog;
}

/** A log that has begun. */
export async function openAuditLog(
  options: AuditLogOptions,
  program: Program = { recoverAuditLog },
): Promise<AuditLog> {
  const log = await program.recoverAuditLog(options);
  await log.begin('first').catch(async (error) => {
    await log.close('error');
    throw error;
  });
  return log;
}

const signingFiles = new WeakMap<LogStore, MemorySigningFiles>();

/** The keys and checkpoints of a log in a store: the same ones for each run. */
export function signingFilesOf(store: LogStore): MemorySigningFiles {
  const files = signingFiles.get(store) ?? createMemorySigningFiles();
  signingFiles.set(store, files);
  return files;
}

const earlyMarks = new WeakMap<LogStore, EarlyMark>();

/** The mark of a log in a store: the same one for each run. */
function earlyMarkOf(store: LogStore): EarlyMark {
  let marked = 0;
  const fresh: EarlyMark = {
    read: async () => marked,
    async set(numbers) {
      marked = numbers;
    },
    async clear() {
      marked = 0;
    },
  };
  const mark = earlyMarks.get(store) ?? fresh;
  earlyMarks.set(store, mark);
  return mark;
}

/** What an audit log needs, with the machine's own clock and randomness; keys and checkpoints are in memory. */
export function logOptions(store: LogStore, options: Partial<AuditLogOptions> = {}): AuditLogOptions {
  return {
    store,
    clock: systemClock,
    version: '0.0.0-test',
    earlyMark: earlyMarkOf(store),
    signing: { openFiles: async () => signingFilesOf(store), onGap: 'serve', random: (count) => randomBytes(count) },
    ...options,
  };
}

/** The same for the log of a data directory, with keys and checkpoints on disk. */
export function levelLogOptions(dataDir: string, options: Partial<AuditLogOptions> = {}): AuditLogOptions {
  const base = logOptions(createLevelLogStore(dataDir), { earlyMark: createEarlyMark(dataDir) });
  return { ...base, signing: { ...base.signing, openFiles: () => openSigningFiles(dataDir) }, ...options };
}
