import { type KeyObject, randomBytes } from 'node:crypto';
import { type RecoveredLog, recoverAuditLog } from '../audit/audit-log.js';
import type { CheckpointEvent } from '../audit/signing/log-signing.js';
import type { SigningFiles } from '../audit/signing/signing-files.js';
import type { Witnesses } from '../audit/witness/witnesses.js';
import type { Config } from '../config/config.js';
import { configError } from '../config/problem.js';
import { readPrivateFile } from '../config/read-file.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { createEarlyMark } from '../storage/early-mark.js';
import { ed25519KeyOf } from '../storage/key-file.js';
import { createLevelLogStore } from '../storage/level-log-store.js';
import { openSigningFiles } from '../storage/signing-files.js';
import type { Logger } from '../telemetry/logger.js';
import { createCheckpointReporter, createLogHealthReporter, reportRelaxed, reportSigning } from './reporters.js';
import { readWitnessKeys } from './witness-keys.js';
import { createLogWitnesses, type LogWitnessesOptions } from './witnesses.js';

/** Where the log is, and who is told how it fares. */
export interface LogOptions {
  /** Prepared by `prepareDataDirectory`. */
  readonly dataDir: string;
  readonly config: Config['log'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly isDiskLow: () => boolean;
  /** A write has failed, or an attempt to go on after one. */
  readonly onWriteFault: () => void;
  readonly onCheckpoint: (event: CheckpointEvent) => void;
  /** A witness gave no cosignature. */
  readonly onWitnessFault: LogWitnessesOptions['onFault'];
}

/** A log that was recovered, and those who watch it. */
export interface OpenedLog {
  readonly auditLog: RecoveredLog;
  /** Absent when none are configured. */
  readonly witnesses: Witnesses | undefined;
}

/**
 * The log on its disk, read to its end and compared with what was signed last; nothing is written to it yet. Rejects with a
 * `JIMINI_STORE_*` error, or `JIMINI_CONFIG_INVALID` when the signing key or that of a witness cannot be used.
 */
export async function openLog(options: LogOptions): Promise<OpenedLog> {
  const { dataDir, config, clock, logger, version, isDiskLow, onCheckpoint, onWitnessFault } = options;
  const { witnesses: configured, problems } = await readWitnessKeys({ log: config });
  if (problems.length > 0) throw configError(problems);
  let files: SigningFiles | undefined;
  let witnesses: Witnesses | undefined;
  const report = createCheckpointReporter(logger);
  const reportHealth = createLogHealthReporter(logger);
  const auditLog = await recoverAuditLog({
    store: createLevelLogStore(dataDir),
    clock,
    version,
    durability: config.durability,
    earlyMark: createEarlyMark(dataDir),
    signing: {
      async openFiles() {
        files = await signingFilesOf(dataDir, config.signingKeyFile);
        return files;
      },
      onGap: config.onGap,
      random: (count) => randomBytes(count),
      onCheckpoint(event) {
        onCheckpoint(event);
        report(event);
        const { checkpoint } = auditLog.signed;
        if (event.state === 'published' && checkpoint) witnesses?.offer(checkpoint.note, checkpoint.size);
      },
      beforeEnd: async () => witnesses?.close(),
    },
    isDiskLow,
    onHealth(health) {
      if (health.state === 'healing') options.onWriteFault();
      reportHealth(health);
    },
  });
  reportSigning(logger, auditLog.signed);
  if (config.durability === 'relaxed') reportRelaxed(logger);
  const store = { newest: files?.cosigned, write: async (note: Uint8Array) => files?.writeCosigned(note) };
  witnesses = createLogWitnesses({ witnesses: configured, auditLog, store, clock, logger, onFault: onWitnessFault });
  return { auditLog, witnesses };
}

/** What a data directory keeps of keys and checkpoints, with the key that is named by the configuration, if any. */
export async function signingFilesOf(dataDir: string, signingKeyFile: string): Promise<SigningFiles> {
  return openSigningFiles(dataDir, signingKeyFile === '' ? undefined : await givenKey(signingKeyFile));
}

async function givenKey(path: string): Promise<KeyObject> {
  const text = await readPrivateFile(path);
  const key = typeof text === 'string' ? ed25519KeyOf(text) : undefined;
  if (key) return key;
  const why = typeof text === 'string' ? 'holds no Ed25519 private key in PEM' : text.reason;
  const advice = 'make one with `openssl genpkey -algorithm ed25519`';
  throw new JiminiError('JIMINI_CONFIG_INVALID', `log.signingKeyFile: ${path}: ${why}: ${advice}`);
}
