import { CHECK_FAMILIES } from './checks.js';

/** All checks as Markdown, as they stand in docs/mesh-lint.md. */
export function checksDocument(): string {
  return CHECK_FAMILIES.map(({ title, checks }) => {
    const lines = Object.entries(checks).map(
      ([id, { severity, why, mend }]) => `- \`${id}\` (${severity}): ${why}. To mend: ${mend}.`,
    );
    return [`### ${title}`, '', ...lines].join('\n');
  }).join('\n\n');
}
