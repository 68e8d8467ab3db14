/**
 * Whether a message has the memory that it lies in to itself, as all but small ones have, so that who is done with it may give
 * that memory away. Small ones share Node's pool with others (`Buffer.allocUnsafe`).
 */
export function hasOwnMemory({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}

/**
 * The same text in memory of its own. V8 makes a piece cut out of a longer text a view of that, so that whatever keeps the piece
 * keeps all of a body.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
