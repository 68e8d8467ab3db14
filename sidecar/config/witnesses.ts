import * as z from 'zod';
import { LIMITS } from '../kernel/limits.js';
import { urlRefusal } from './outbound-url.js';

const USE = {
  expected: 'the address of a witness, such as https://witness.example/prefix; add-checkpoint is put behind it',
  what: 'checkpoints, which tell how much the log grows,',
};

const witness = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'expected lower-case letters, digits and dashes' })
      .describe('Name of the witness in metrics and log lines.'),
    url: z
      .string()
      .min(1)
      .max(LIMITS.configTextCharsMax)
      .describe('Submission prefix of the witness: checkpoints are posted to `add-checkpoint` below it.'),
    keyFile: z
      .string()
      .min(1)
      .max(LIMITS.configTextCharsMax)
      .describe('File with the verifier key of the witness (C2SP, type 4), on one line.'),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe('Allow http beyond this machine: others can read how much the log grows.'),
  })
  .superRefine(({ url, allowPlaintext }, context) => {
    const message = urlRefusal(url, allowPlaintext, USE);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['url'], message });
  });

/** Witnesses of the log. No variable can set it. */
export const witnesses = z
  .array(witness)
  .max(LIMITS.witnessesMax)
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      context.addIssue({ code: 'custom', path: [index, 'name'], message: 'another witness has this name' });
    }
  })
  .default([])
  .meta({
    description:
      'Witnesses that checkpoints of the log are offered to: `name`, `url`, `keyFile` (docs/witness.md). Only in the file.',
    'x-reload': 'restart',
    'x-file-only': true,
  });
