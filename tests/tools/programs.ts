import { repositoryRoot } from '../processes/sidecar.js';
import type { ToolName } from './install.mjs';
import type { Requirement } from './requirements.js';

/** Plain JavaScript that is not compiled, because it also runs before anything is: so it is not below build. */
const installer: typeof import('./install.mjs') = await import(`${repositoryRoot}/tests/tools/install.mjs`);

export const { installHint, installTool, toolPath } = installer;

/** A pinned program, as something that a test needs. */
export function program(name: ToolName): Requirement {
  return { name, missing: () => (toolPath(name) ? undefined : `not installed; run: ${installHint(name)}`) };
}
