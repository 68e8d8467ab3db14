import { status } from '@grpc/grpc-js';
import { type ErrorCode, JiminiError } from '../kernel/errors.js';

/** What a caller is told of an error. */
export interface GrpcStatus {
  readonly code: status;
  readonly details: string;
}

/** One row per error code; `own` lets the error's own sentence through, otherwise the fixed one is sent. */
const TABLE: Readonly<Record<ErrorCode, { code: status; says: 'own' | (string & {}) }>> = {
  JIMINI_INVALID_ARGUMENT: { code: status.INVALID_ARGUMENT, says: 'own' },
  JIMINI_UNAUTHENTICATED: { code: status.UNAUTHENTICATED, says: 'own' },
  JIMINI_PERMISSION_DENIED: { code: status.PERMISSION_DENIED, says: 'own' },
  JIMINI_OVERLOADED: { code: status.RESOURCE_EXHAUSTED, says: 'own' },
  JIMINI_DRAINING: { code: status.UNAVAILABLE, says: 'the server is shutting down' },
  JIMINI_CANCELLED: { code: status.CANCELLED, says: 'the caller is gone' },
  JIMINI_DEADLINE_EXCEEDED: { code: status.DEADLINE_EXCEEDED, says: 'deadline exceeded' },
  JIMINI_STORE_UNAVAILABLE: { code: status.UNAVAILABLE, says: 'the log cannot be used at the moment' },
  JIMINI_STORE_LOCKED: { code: status.UNAVAILABLE, says: 'the log cannot be used at the moment' },
  JIMINI_STORE_CORRUPT: { code: status.DATA_LOSS, says: 'the log is damaged: run `jimini log verify`' },
  JIMINI_CONFIG_INVALID: { code: status.INTERNAL, says: 'internal error' },
  JIMINI_PACK_INVALID: { code: status.INTERNAL, says: 'internal error' },
  JIMINI_USAGE: { code: status.INTERNAL, says: 'internal error' },
  JIMINI_KEYRING_UNAVAILABLE: { code: status.UNAVAILABLE, says: 'the keyring cannot be used' },
  JIMINI_PAYLOAD_SEALED: { code: status.FAILED_PRECONDITION, says: 'the payload cannot be opened' },
  JIMINI_LISTEN_REFUSED: { code: status.INTERNAL, says: 'internal error' },
  JIMINI_INTERNAL: { code: status.INTERNAL, says: 'internal error' },
};

/** The gRPC status of anything thrown. Only sentences written for callers leave the process. */
export function grpcStatusOf(reason: unknown): GrpcStatus {
  const error = JiminiError.from(reason);
  const { code, says } = TABLE[error.code];
  // grpc-js percent-encodes details with encodeURI, which throws on half a surrogate pair.
  return { code, details: says === 'own' ? error.message.toWellFormed() : says };
}
