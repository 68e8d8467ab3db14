import { BinaryReader } from '@bufbuild/protobuf/wire';
import { JiminiError } from '../kernel/errors.js';

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes strictly: protobuf strings must be UTF-8 (the generated code would put U+FFFD instead, and rules would judge
 * another text than the caller has), and nothing may follow a stray end-group tag (the generated code would stop there).
 */
export function decode<T>(type: { decode(reader: BinaryReader): T }, message: Uint8Array, onMalformed: () => void): T {
  const reader = new BinaryReader(message, (bytes) => STRICT_UTF8.decode(bytes));
  try {
    const decoded = type.decode(reader);
    if (reader.pos !== reader.len) throw new RangeError('bytes behind the end of the message');
    return decoded;
  } catch (cause) {
    onMalformed();
    throw new JiminiError('JIMINI_INVALID_ARGUMENT', 'the message cannot be decoded', { cause });
  }
}
