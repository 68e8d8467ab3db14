import { type ErrorCode, JiminiError } from '../kernel/errors.js';

/** Status codes of gRPC (github.com/grpc/grpc, doc/statuscodes.md). */
export const status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof status)[keyof typeof status];

/** What a caller is told of an error. */
export interface GrpcStatus {
  readonly code: StatusCode;
  readonly details: string;
}

/** One row per error code; `own` lets the error's own sentence through, otherwise the fixed one is sent. */
const TABLE: Readonly<Record<ErrorCode, { code: StatusCode; says: 'own' | (string & {}) }>> = {
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
  return { code, details: says === 'own' ? error.message : says };
}
