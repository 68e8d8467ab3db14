import * as z from 'zod';
import { CAPTURES } from '../kernel/evaluation.js';
import { GAP_ACTIONS } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { gapActions } from './gap-actions.js';

/** A label of records and metrics. It begins with a letter, because JavaScript would put numbers before all other names. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
  error: 'expected a name of lower-case letters, digits and dashes that begins with a letter',
});

/** What records and metrics say of requests of no route. */
const RESERVED = 'other';

const words = z.array(z.string().min(1).max(LIMITS.configTextCharsMax)).min(1).max(LIMITS.configListItemsMax);

const route = z.strictObject({
  endpoints: words.describe('Patterns of paths and of `jimini.endpoint`, as in rules; any of them.'),
  gaps: gapActions.describe('Gap kinds whose action differs on this route from `policy.gaps`.'),
  onError: z.enum(GAP_ACTIONS).optional().describe('Like `policy.onError`, on this route; default: that.'),
  onStoreUnavailable: z
    .enum(['deny', 'open'])
    .default('deny')
    .describe('What happens to requests that pass, but cannot be recorded.'),
  capture: z.enum(CAPTURES).optional().describe('Like `log.capture`, on this route; default: that.'),
  packs: words.optional().describe('Packs of this route, which the required ones join; default: all loaded ones.'),
});

/** Named routes in the order in which they are tried. A map, so that only the file can set it. */
export const routes = z
  .record(name, route)
  .superRefine((map, context) => {
    if (RESERVED in map) {
      const message = `"${RESERVED}" is what requests of no route are called; choose another name`;
      context.addIssue({ code: 'custom', path: [RESERVED], message });
    }
    if (Object.keys(map).length <= LIMITS.routesMax) return;
    context.addIssue({ code: 'custom', message: `expected at most ${LIMITS.routesMax} entries` });
  })
  .default({});
