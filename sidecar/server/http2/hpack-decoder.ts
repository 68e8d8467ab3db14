import { FIELD_OVERHEAD_BYTES, HpackTable } from './hpack-table.js';
import { decodeHuffman } from './huffman.js';
import { ConnectionError, ERROR } from './protocol.js';

/** Octets that an integer may have behind its prefix: enough for 28 bits, more than any length here (RFC 7541 section 5.1 asks for a limit). */
const INTEGER_OCTETS_MAX = 4;
/** Changes of the table size that may stand in front of a block: to the least in between, and to the last (RFC 7541 section 4.2). */
const SIZE_UPDATES_MAX = 2;

const NOTHING = Buffer.alloc(0);

/** Decodes the header blocks of one connection in the order in which they came (RFC 7541). After an error the connection is over. */
export class HpackDecoder {
  readonly #table = new HpackTable();
  readonly #listBytesMax: number;
  #block: Buffer = NOTHING;
  #at = 0;

  /** `listBytesMax`: as in SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2). */
  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /**
   * Name, value, name, value, ... of a whole block; undefined when the list is larger than allowed, which ends one request
   * only (RFC 9113 section 10.5.1), for the table is kept right. Throws a ConnectionError.
   */
  decode(block: Buffer): string[] | undefined {
    this.#block = block;
    this.#at = 0;
    try {
      this.#updateSize();
      return this.#fields();
    } finally {
      // Nothing here keeps the buffer of a read alive.
      this.#block = NOTHING;
    }
  }

  #fields(): string[] | undefined {
    const block = this.#block;
    const table = this.#table;
    const fields: string[] = [];
    let listBytes = 0;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      let name: string;
      let value: string;
      if (first >= 0x80) {
        const place = this.#place(0x7f);
        name = table.name(place);
        value = table.value(place);
      } else {
        if (first >= 0x20 && first < 0x40) throw wrong('change of the table size within a block');
        const indexing = first >= 0x40;
        name = this.#name(indexing ? 0x3f : 0xf);
        value = this.#text();
        if (indexing) table.add(name, value);
      }
      listBytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
      if (listBytes <= this.#listBytesMax) fields.push(name, value);
    }
    return listBytes <= this.#listBytesMax ? fields : undefined;
  }

  /** RFC 7541 section 6.3: such changes stand at the start of a block. */
  #updateSize(): void {
    for (let updates = 0; ((this.#block[this.#at] ?? 0) & 0xe0) === 0x20; updates += 1) {
      if (updates === SIZE_UPDATES_MAX) throw wrong('more changes of the table size than there can be');
      if (!this.#table.resize(this.#integer(0x1f))) throw wrong('table size above what was offered');
    }
  }

  /** Name of a literal field (RFC 7541 section 6.2), `mask` being the bits of its index. */
  #name(mask: number): string {
    if (((this.#block[this.#at] ?? 0) & mask) !== 0) return this.#table.name(this.#place(mask));
    this.#at += 1;
    return this.#text();
  }

  /** Place in the table of the index that comes next. */
  #place(mask: number): number {
    const place = this.#table.place(this.#integer(mask));
    if (place === 0) throw wrong('index of no entry');
    return place;
  }

  /** RFC 7541 section 5.1, `mask` being the bits of the prefix. */
  #integer(mask: number): number {
    const block = this.#block;
    const prefix = (block[this.#at] ?? 0) & mask;
    this.#at += 1;
    if (prefix < mask) return prefix;
    let value = mask;
    for (let octets = 0; octets < INTEGER_OCTETS_MAX; octets += 1) {
      const octet = block[this.#at];
      if (octet === undefined) throw wrong('integer that is cut off');
      this.#at += 1;
      value += (octet & 0x7f) << (7 * octets);
      if (octet < 0x80) return value;
    }
    throw wrong('integer of too many octets');
  }

  /** RFC 7541 section 5.2. A copy, so that it outlives the block. */
  #text(): string {
    const first = this.#block[this.#at];
    if (first === undefined) throw wrong('field that is cut off');
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#block.length) throw wrong('text that is cut off');
    this.#at = end;
    if (first < 0x80) return this.#block.toString('latin1', start, end);
    const text = decodeHuffman(this.#block, start, end);
    if (text === undefined) throw wrong('Huffman code that is broken');
    return text;
  }
}

function wrong(message: string): ConnectionError {
  return new ConnectionError(ERROR.compressionError, message);
}
