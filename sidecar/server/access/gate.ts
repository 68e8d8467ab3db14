import type { Clock } from '../../kernel/clock.js';
import { JiminiError } from '../../kernel/errors.js';
import type { RefusalReason } from '../../kernel/leaf.js';
import { LIMITS } from '../../kernel/limits.js';
import type { Role } from '../../kernel/role.js';
import { isAllowed } from '../client-id.js';
import type { Credentials } from '../credentials.js';
import { rolesOf } from './method-roles.js';
import { findToken, type StoredToken } from './token.js';

/** Who calls. */
export interface Principal {
  /** Name that a token was issued to, or name in a client certificate. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The token that was shown; absent with a certificate alone. */
  readonly token?: StoredToken;
}

/** A call that was refused. */
export interface Refusal {
  /** Path of the method. */
  readonly method: string;
  readonly reason: RefusalReason;
  /** Name of the principal, as far as what was shown proves it. */
  readonly principal?: string;
}

/** Decides who may call what. */
export interface Access {
  /** The rules of one method, by its path. */
  of(method: string): {
    /** Who calls, or why that may not be. The error never holds what was shown. */
    admit(credentials: Credentials): Principal | JiminiError;
    /** Why a principal that was admitted would not be any more; undefined = he would. */
    refuses(principal: Principal): JiminiError | undefined;
  };
}

/** What a gate goes by. */
export interface GateOptions {
  /** Tokens that are accepted now, expired ones too. */
  readonly tokens: () => readonly StoredToken[];
  /** Roles of clients by the name in their certificate; a name that ends in `/*` stands for all below it. */
  readonly clients: Readonly<Record<string, readonly Role[]>>;
  /** Names of clients that speak for others and have no role themselves. */
  readonly proxies: readonly string[];
  readonly clock: Clock;
  /** A call was refused. Must not throw. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** A token that is shown counts alone, also when it is not accepted: a certificate never repairs it. See `Access`. */
export function createGate(options: GateOptions): Access {
  return {
    of(method) {
      const allowed = rolesOf(method);
      const refuse = (reason: RefusalReason, principal?: string): JiminiError => {
        options.onRefused({ method, reason, ...(principal !== undefined && { principal }) });
        return ERRORS[reason];
      };
      return {
        admit(credentials) {
          const caller = identify(credentials, options);
          if (typeof caller === 'string') return refuse(caller, workloadOf(credentials));
          if (isExpired(caller, options)) return refuse('expired_token', caller.name);
          return mayCall(caller, allowed) ? caller : refuse('no_role', caller.name);
        },
        refuses({ name, token }) {
          if (!token) return undefined;
          const now = options.tokens().find(({ id }) => id === token.id);
          if (now?.sha256 !== token.sha256) return refuse('bad_token', name);
          if (isExpired({ token: now }, options)) return refuse('expired_token', name);
          return mayCall(now, allowed) ? undefined : refuse('no_role', name);
        },
      };
    },
  };
}

const ERRORS: Readonly<Record<RefusalReason, JiminiError>> = {
  no_token: new JiminiError('JIMINI_UNAUTHENTICATED', 'expected a bearer token: authorization: Bearer jmn_...'),
  bad_token: new JiminiError('JIMINI_UNAUTHENTICATED', 'the token is not accepted'),
  // Told apart in the record only: who has found an old token learns nothing of it.
  expired_token: new JiminiError('JIMINI_UNAUTHENTICATED', 'the token is not accepted'),
  no_role: new JiminiError('JIMINI_PERMISSION_DENIED', 'no role of the caller may call this method'),
};

/** RFC 6750 2.1; the name of the scheme in any case (RFC 9110 11.1). */
const BEARER = /^bearer +([!-~]+)$/i;

function identify(
  { authorization, clientId }: Credentials,
  { tokens, clients, proxies }: GateOptions,
): Principal | RefusalReason {
  if (authorization.length > 0) {
    const [shown] = authorization;
    const presented = authorization.length === 1 ? BEARER.exec(shown ?? '')?.[1] : undefined;
    const token = presented === undefined ? undefined : findToken(tokens(), presented);
    return token ? { name: token.name, roles: token.roles, token } : 'bad_token';
  }
  if (clientId === undefined || isAllowed(proxies, clientId)) return 'no_token';
  const roles = Object.entries(clients).flatMap(([id, ofId]) => (isAllowed([id], clientId) ? ofId : []));
  return roles.length > 0 ? { name: clientId, roles } : 'no_token';
}

/** A SPIFFE id names a workload, and is told; any other name in a certificate might be a person's. */
function workloadOf({ clientId }: Credentials): string | undefined {
  const isWorkload = clientId?.startsWith('spiffe://') && clientId.length <= LIMITS.clientIdCharsMax;
  return isWorkload ? clientId : undefined;
}

function isExpired({ token }: Pick<Principal, 'token'>, { clock }: GateOptions): boolean {
  return token !== undefined && token.expiresMs <= clock.nowMs();
}

function mayCall({ roles }: Pick<Principal, 'roles'>, allowed: readonly Role[]): boolean {
  return roles.some((role) => allowed.includes(role));
}
