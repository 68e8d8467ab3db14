/**
 * A sentence as `grpc-message` holds it (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md, Percent-Encoded): bytes of UTF-8, of
 * which all but the printable ASCII ones, and the percent sign, are encoded.
 */
export function percentEncoded(message: string): string {
  return message.toWellFormed().replace(/[^ -~]+|%/gu, encodeURIComponent);
}
