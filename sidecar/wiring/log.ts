import { type KeyObject, randomBytes } from 'node:crypto';
import { type RecoveredLog, recoverAuditLog } from '../audit/audit-log.js';
import type { CheckpointEvent } from '../audit/signing/log-signing.js';
import type { SigningFiles } from '../audit/signing/signing-files.js';
import type { Config } from '../config/config.js';
import { readPrivateFile } from '../config/read-file.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { ed25519KeyOf } from '../storage/key-file.js';
import { createLevelLogStore } from '../storage/level-log-store.js';
import { openSigningFiles } from '../storage/signing-files.js';
import type { Logger } from '../telemetry/logger.js';
import { createCheckpointReporter, createLogHealthReporter, reportSigning } from './reporters.js';

/** Where the log is, and who is told how it fares. */
export interface LogOptions {
  /** Prepared by `prepareDataDirectory`. */
  readonly dataDir: string;
  readonly config: Config['log'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly onCheckpoint: (event: CheckpointEvent) => void;
}

/**
 * The log on its disk, read to its end and compared with what was signed last; nothing is written to it yet. Rejects with a
 * `JIMINI_STORE_*` error, or `JIMINI_CONFIG_INVALID` when the signing key cannot be used.
 */
export async function openLog(options: LogOptions): Promise<RecoveredLog> {
  const { dataDir, config, clock, logger, version, onCheckpoint } = options;
  const report = createCheckpointReporter(logger);
  const log = await recoverAuditLog({
    store: createLevelLogStore(dataDir),
    clock,
    version,
    signing: {
      openFiles: () => signingFilesOf(dataDir, config.signingKeyFile),
      onGap: config.onGap,
      random: (count) => randomBytes(count),
      onCheckpoint(event) {
        onCheckpoint(event);
        report(event);
      },
    },
    onHealth: createLogHealthReporter(logger),
  });
  reportSigning(logger, log.signed);
  return log;
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
