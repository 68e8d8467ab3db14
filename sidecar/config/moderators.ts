import * as z from 'zod';
import { GAP_ACTIONS } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { urlRefusal } from './outbound-url.js';

/** What a rule may call a classifier; `default` is asked by rules that name none. */
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'expected lower-case letters, digits and dashes' });

const USE = {
  expected: 'the address of an API, such as https://api.openai.com/v1/chat/completions',
  what: 'prompts',
};

const whole = (min: number, max: number) =>
  z
    .int({ error: `expected a whole number from ${min} to ${max}` })
    .min(min)
    .max(max);

const moderator = z
  .strictObject({
    kind: z.enum(['openai-chat', 'openai-moderation', 'http']).describe('API that the service speaks.'),
    url: z.string().min(1).max(LIMITS.configTextCharsMax).describe('Complete address that questions are posted to.'),
    // It stands in every record of an answer: short, and nothing that a terminal would act on.
    model: z
      .string()
      .regex(/^[!-~]{1,128}$/, { error: 'expected 1 to 128 visible ASCII characters' })
      .describe('Model that is asked, and named in records.'),
    keyFile: z
      .string()
      .min(1)
      .max(LIMITS.configTextCharsMax)
      .optional()
      .describe('File with the key that is sent as a bearer token; without it none is sent.'),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe('Allow http beyond this machine: text and key travel in the clear.'),
    timeoutMs: whole(10, LIMITS.classifierTimeoutMsMax)
      .default(2000)
      .describe('Longest time of one question, waiting included, ms.'),
    concurrency: whole(1, 256).default(8).describe('Questions that are out at one time; others wait.'),
    cacheEntries: whole(0, 100_000).default(1000).describe('Answers that are remembered for ten minutes; 0 = none.'),
    onFailure: z.enum(GAP_ACTIONS).default('flag').describe('What it means when there is no usable answer in time.'),
  })
  .superRefine(({ url, allowPlaintext }, context) => {
    const message = urlRefusal(url, allowPlaintext, USE);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['url'], message });
  });

/** Classifiers by name. A map, so that only the file can set it. */
export const moderators = z
  .record(name, moderator)
  .superRefine((map, context) => {
    if (Object.keys(map).length <= LIMITS.classifiersMax) return;
    context.addIssue({ code: 'custom', message: `expected at most ${LIMITS.classifiersMax} entries` });
  })
  .default({})
  .meta({
    description:
      'Classifiers that the `llm_prompt` of rules is put to, by name (docs/moderators.md); without any, such conditions are not asked. Only in the file.',
    'x-reload': 'live',
  });

/** One classifier as the file says it. */
export type ModeratorInput = z.output<typeof moderator>;
