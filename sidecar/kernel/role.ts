/** What a principal may do on the control port. */
export const ROLES = ['reader', 'operator', 'privacy', 'auditor'] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];
