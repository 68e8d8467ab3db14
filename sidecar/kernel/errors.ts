/** Stable codes of everything that can go wrong. Match on the code, never on the message. */
export type ErrorCode =
  | 'JIMINI_CONFIG_INVALID'
  | 'JIMINI_PACK_INVALID'
  | 'JIMINI_USAGE'
  | 'JIMINI_INVALID_ARGUMENT'
  | 'JIMINI_UNAUTHENTICATED'
  | 'JIMINI_PERMISSION_DENIED'
  | 'JIMINI_OVERLOADED'
  | 'JIMINI_STORE_UNAVAILABLE'
  | 'JIMINI_STORE_LOCKED'
  | 'JIMINI_STORE_CORRUPT'
  | 'JIMINI_KEYRING_UNAVAILABLE'
  | 'JIMINI_PAYLOAD_SEALED'
  | 'JIMINI_LISTEN_REFUSED'
  | 'JIMINI_DRAINING'
  | 'JIMINI_CANCELLED'
  | 'JIMINI_DEADLINE_EXCEEDED'
  | 'JIMINI_INTERNAL';

/** The one error type of the program. `message` is for people and never holds prompt text, tokens or identities. */
export class JiminiError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'JiminiError';
    this.code = code;
  }

  /** The single place that turns anything thrown into a coded error. An AbortError becomes `JIMINI_CANCELLED`. */
  static from(reason: unknown): JiminiError {
    if (reason instanceof JiminiError) return reason;
    if (reason instanceof Error && reason.name === 'AbortError') {
      return new JiminiError('JIMINI_CANCELLED', 'the caller is gone', { cause: reason });
    }
    return new JiminiError('JIMINI_INTERNAL', 'internal error', { cause: reason });
  }
}
