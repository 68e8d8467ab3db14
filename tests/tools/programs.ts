import { repositoryRoot } from '../processes/sidecar.js';

/** Plain JavaScript that is not compiled, because it also runs before anything is: so it is not below build. */
const installer: typeof import('./install.mjs') = await import(`${repositoryRoot}/tests/tools/install.mjs`);

export const { installHint, installTool, toolPath } = installer;
