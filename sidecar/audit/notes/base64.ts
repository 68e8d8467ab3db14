/**
 * The bytes of a base64 text (RFC 4648 4, with padding), or undefined when it is not the one text that they are encoded as:
 * Node itself reads other alphabets, missing padding, spaces and stray bits.
 */
export function bytesOfBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** A hash of 32 bytes in base64, or undefined. */
export function hashOfBase64(text: string): Buffer | undefined {
  const bytes = bytesOfBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}
