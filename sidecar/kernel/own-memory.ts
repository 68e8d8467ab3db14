/** What stands in front of a gRPC message (PROTOCOL-HTTP2.md, Length-Prefixed-Message), and is left there by grpc-js. */
const PREFIX_BYTES = 5;

/**
 * Whether a message has the memory that it lies in to itself, as large ones have that grpc-js put together, so that who is done
 * with it may give that memory away. Small ones share theirs with others.
 */
export function hasOwnMemory({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength + PREFIX_BYTES >= buffer.byteLength;
}

/**
 * The same text in memory of its own. V8 makes a piece cut out of a longer text a view of that, so that whatever keeps the piece
 * keeps all of a body.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
