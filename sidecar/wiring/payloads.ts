import { randomFillSync } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createHolders } from '../audit/payload/holders.js';
import { createPayloads, type Payloads } from '../audit/payload/payloads.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { Capture } from '../kernel/evaluation.js';
import { Keyring } from '../storage/keyring/keyring.js';
import type { Logger } from '../telemetry/logger.js';

/** What records seal, and where the keys are. */
export interface PayloadParts {
  readonly payloads: Payloads;
  /** Opens the keyring and makes today's key, so that a keyring that cannot be used ends the start. Rejects with a JiminiError. */
  begin(): Promise<void>;
  close(): Promise<void>;
}

export interface PayloadPartsOptions {
  readonly config: Config;
  /** Prepared by `prepareDataDirectory`. */
  readonly dataDir: string;
  readonly logId: string;
  /** The log has leaves, so that its keyring has keys. */
  readonly isBegun: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A subject had no key of its own. */
  readonly onOverCap: () => void;
  /** A record is made without its payload. */
  readonly onLeftOut: () => void;
}

/** Makes the parts that seal payloads; nothing is opened yet. */
export function createPayloadParts(options: PayloadPartsOptions): PayloadParts {
  const { config, dataDir, logId, isBegun, clock, logger, onOverCap, onLeftOut } = options;
  const directory = config.keyringDir || join(dataDir, 'keyring');
  const keyring = new Keyring({
    directory,
    logId,
    setting: 'keyringDir',
    isBegun,
    onFailure: ({ code, message }) => logger.error({ code, problem: message }, 'the keyring cannot be used'),
  });
  const holders = createHolders({ keyring, clock, onOverCap });
  return {
    payloads: createPayloads({
      holders,
      capture: config.log.capture,
      random: createRandomPool(),
      isRequired: config.privacy.requireKeyring,
      onLeftOut,
    }),
    async begin() {
      await keyring.open();
      if (isBegun && Array.from(keyring.ids()).length === 0) {
        const message =
          'the log has records, and its keyring is empty: nothing opens what they keep; name the directory of the keyring of before (keyringDir), or restore it from a backup';
        logger.error({ keyring: directory }, message);
      }
      await holders.of(undefined);
      warnOfCapture(config, logger);
      if ((await stat(directory)).dev === (await stat(dataDir)).dev) {
        const message =
          'the keyring lies on the volume of the log: who has a copy of the volume can open what records keep';
        logger.warn({ keyring: directory }, message);
      }
    },
    close: () => keyring.close(),
  };
}

const VERBATIM: readonly (Capture | undefined)[] = ['findings-verbatim', 'full'];

/** Whoever keeps what rules found keeps secrets: nobody should do so without having been told. */
function warnOfCapture({ log, policy }: Config, logger: Logger): void {
  const message = 'records keep text that rules matched, sealed: secrets and personal data among it';
  if (VERBATIM.includes(log.capture)) logger.warn({ capture: log.capture }, message);
  for (const [route, { capture }] of Object.entries(policy.routes)) {
    if (VERBATIM.includes(capture)) logger.warn({ route, capture }, message);
  }
}

/** Random bytes asked of the system at once: for each record by itself that would take longer than its hashes. */
const POOL_BYTES = 16 * 1024;

/** Gives random bytes, each of them once. At most `POOL_BYTES` at a time. */
function createRandomPool(): (count: number) => Uint8Array {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (count) => {
    if (used + count > pool.length) {
      pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  };
}
