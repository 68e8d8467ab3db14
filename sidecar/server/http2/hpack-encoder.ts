import { STATIC_TABLE } from './hpack-static-table.js';

/** Sets the size of the dynamic table to 0: in front of the first block, so that no later SETTINGS of the peer asks for a change (RFC 7541 section 4.2). */
export const NO_TABLE = Buffer.from([0x20]);

/** Most octets of an index or a length here, with its prefix. */
const INTEGER_BYTES_MAX = 5;

/** Index of each name of the static table, the first where there are several. */
const NAME_INDEX = new Map(STATIC_TABLE.map(([name], i) => [name, i + 1] as const).reverse());

/**
 * Header block that reads the same on every connection, so that constant ones are made once: it uses the static table
 * only, and no Huffman codes (RFC 7541 sections 6.1 and 6.2.2). Names in lower case; values with one character for each octet.
 */
export function encodeHeaderBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  let bytesMax = 0;
  for (const [name, value] of fields) bytesMax += name.length + value.length + 3 * INTEGER_BYTES_MAX;
  const block = Buffer.allocUnsafe(bytesMax);
  let at = 0;
  for (const [name, value] of fields) at = writeField(block, at, name, value);
  return block.subarray(0, at);
}

function writeField(block: Buffer, start: number, name: string, value: string): number {
  const nameIndex = NAME_INDEX.get(name) ?? 0;
  for (let index = nameIndex; index > 0 && STATIC_TABLE[index - 1]?.[0] === name; index += 1) {
    if (STATIC_TABLE[index - 1]?.[1] === value) return writeInteger(block, start, 0x80, 0x7f, index);
  }
  let at = writeInteger(block, start, 0, 0xf, nameIndex);
  if (nameIndex === 0) at = writeText(block, at, name);
  return writeText(block, at, value);
}

function writeText(block: Buffer, start: number, text: string): number {
  const at = writeInteger(block, start, 0, 0x7f, text.length);
  return at + block.write(text, at, 'latin1');
}

/** RFC 7541 section 5.1, `mask` being the bits of the prefix, `flags` those above. */
function writeInteger(block: Buffer, start: number, flags: number, mask: number, value: number): number {
  if (value < mask) {
    block[start] = flags | value;
    return start + 1;
  }
  block[start] = flags | mask;
  let at = start + 1;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) {
    block[at] = (rest & 0x7f) | 0x80;
    at += 1;
  }
  block[at] = rest;
  return at + 1;
}
