import type { Role } from '../../kernel/role.js';

/**
 * Who may call what on the control port: the one table. A method that is not in it may be called by nobody. Health and
 * reflection are no methods of ours and ask for nothing.
 */
const METHOD_ROLES: ReadonlyMap<string, readonly Role[]> = new Map([
  ['/jimini.v1.AuditService/ListEntries', ['auditor', 'reader']],
  ['/jimini.v1.AuditService/StreamEntries', ['auditor', 'reader']],
  ['/jimini.v1.AuditService/Verify', ['auditor']],
  ['/jimini.v1.AuditService/GetCheckpoint', ['auditor', 'reader']],
  ['/jimini.v1.AuditService/GetInclusionProof', ['auditor', 'reader']],
  ['/jimini.v1.AuditService/GetConsistencyProof', ['auditor', 'reader']],
]);

/** Roles that may call the method of this path. */
export function rolesOf(method: string): readonly Role[] {
  return METHOD_ROLES.get(method) ?? [];
}
