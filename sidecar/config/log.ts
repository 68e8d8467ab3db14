import * as z from 'zod';
import { CAPTURES } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { witnesses } from './witnesses.js';

const about = (description: string) => ({ description, 'x-reload': 'restart' });

/** Copies of the log, day by day. */
const segments = z.strictObject({
  dir: z
    .string()
    .max(LIMITS.configTextCharsMax)
    .default('')
    .meta(
      about(
        'Directory in which each day (UTC) of the log is written once it is over, in a folder of the log and one of the day: what `jimini log export --day` writes. Empty = none.',
      ),
    ),
  retentionDays: z
    .int()
    .min(1)
    .max(36_500)
    .default(190)
    .meta(about('Folders of days that are longer ago are removed from log.segments.dir.')),
});

/** What is recorded, and how it is signed. */
export const log = z.strictObject({
  durability: z
    .enum(['strict', 'relaxed'])
    .default('strict')
    .meta(
      about(
        '`strict` = an answer leaves after its record is on disk. `relaxed` = an ALLOW may leave while its record is being written: a crash or a power cut loses the records of at most ' +
          `${LIMITS.earlyRecordsMax} such answers.`,
      ),
    ),
  capture: z
    .enum(CAPTURES)
    .default('findings')
    .meta(
      about(
        'Text that records keep, sealed and erasable: `none`; `findings` = what stands near a match; `findings-verbatim` = that and the match; `full` = all of it.',
      ),
    ),
  onGap: z
    .enum(['serve', 'refuse'])
    .default('serve')
    .meta(
      about(
        'A start finds that the log does not go on from what was signed last: `serve` = record it and go on under a new key, `refuse` = not before `jimini log acknowledge-gap`.',
      ),
    ),
  retentionDays: z
    .int()
    .min(0)
    .max(36_500)
    .default(0)
    .meta(
      about(
        'Leaves and payloads older than so many days are removed, 256 at a time, once what says so is signed, and cosigned by all of log.witnesses. 0 = nothing is removed.',
      ),
    ),
  signingKeyFile: z
    .string()
    .max(LIMITS.configTextCharsMax)
    .default('')
    .meta(
      about(
        'File of the Ed25519 private key (PKCS #8, PEM) that signs checkpoints. Empty = one that is made in dataDir.',
      ),
    ),
  segments: segments.prefault({}),
  witnesses,
});

/** What becomes of records when keys cannot be had. */
export const privacy = z.strictObject({
  requireKeyring: z
    .boolean()
    .default(false)
    .meta(
      about(
        'The keyring cannot make a new key durable: `false` = records are made without payload and counted, `true` = what needs the key is denied as `store_unavailable`.',
      ),
    ),
});

/** The disk that the log lies on. */
export const store = z.strictObject({
  minFreeBytes: z
    .int()
    .min(0)
    .default(512 * 1024 * 1024)
    .meta(
      about(
        'Below so many free bytes on the file system of dataDir, or what ten minutes take at the present rate, no records are taken and answers say `store_unavailable`. 0 = go on until the disk is full.',
      ),
    ),
});
