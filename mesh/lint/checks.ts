import type { CheckText } from './check-text.js';
import { GUARD_CHECKS } from './guard-checks.js';
import { MESH_CHECKS } from './mesh-checks.js';
import { PROXY_CHECKS } from './proxy-checks.js';
import type { Place } from './tree.js';

const ALL = { ...GUARD_CHECKS, ...PROXY_CHECKS, ...MESH_CHECKS };

/** Name of a check. Names are kept: people put them into their own tools. */
export type CheckId = keyof typeof ALL;

/** Every check, by its name. */
export const CHECKS: Readonly<Record<CheckId, CheckText>> = ALL;

/** The checks by what they are about. */
export const CHECK_FAMILIES: readonly {
  readonly title: string;
  readonly checks: Readonly<Record<string, CheckText>>;
}[] = [
  { title: 'How the proxy calls Jimini', checks: GUARD_CHECKS },
  { title: 'What stands around the call', checks: PROXY_CHECKS },
  { title: 'Policies and files', checks: MESH_CHECKS },
];

/** Takes what was found. `message` says what, with names as they are written in the file. */
export type Report = (check: CheckId, place: Place, message: string) => void;
