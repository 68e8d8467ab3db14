import * as z from 'zod';
import { FIXED_GAP_KINDS, GAP_ACTIONS, GAP_KINDS, type GapKind } from '../kernel/gap.js';

/** Gap kinds that another setting decides, and which one. */
export const GAPS_DECIDED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['engine:error', 'policy.onError'],
  ['engine:budget', 'policy.onError'],
  ['classifier:unavailable', 'onFailure of the moderator'],
]);

/** Gap kinds whose action is a setting: not the fixed ones, and not those that another setting decides. */
export const SETTABLE_GAP_KINDS = (Object.keys(GAP_KINDS) as GapKind[]).filter(
  (kind) => !FIXED_GAP_KINDS.includes(kind) && !GAPS_DECIDED_ELSEWHERE.has(kind),
);

/** What happens per gap kind; a kind that is not named is decided elsewhere. */
export const gapActions = z.partialRecord(z.enum(SETTABLE_GAP_KINDS), z.enum(GAP_ACTIONS)).default({});
