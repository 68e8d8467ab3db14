import { fileURLToPath } from 'node:url';

/** Root of the repository: this file runs from build/tests/envoy. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));

/** Plain JavaScript that is not compiled, so it is not below build. */
const install: typeof import('../tools/install.mjs') = await import(`${repositoryRoot}/tests/tools/install.mjs`);

/** The real Envoy that is pinned for tests, or undefined when it is not installed. */
export const envoyPath = () => install.toolPath('envoy');

/** What to run to get it. */
export const envoyHint = install.installHint('envoy');
