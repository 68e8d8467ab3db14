import type { Random } from '../random.js';

/** Name and value. */
export type Field = readonly [name: string, value: string];

/** Fields of requests that RFC 7541 appendix A has a number for. */
const STATIC: ReadonlyMap<string, number> = new Map([
  [':authority\n', 1],
  [':method\nGET', 2],
  [':method\nPOST', 3],
  [':path\n/', 4],
  [':path\n/index.html', 5],
  [':scheme\nhttp', 6],
  [':scheme\nhttps', 7],
  ['accept-encoding\ngzip, deflate', 16],
  ['content-length\n', 28],
  ['cookie\n', 32],
  ['user-agent\n', 58],
]);
const STATIC_FIELDS = 61;
/** Texts in the code of RFC 7541 appendix B, from its appendix C. */
const HUFFMAN: Readonly<Record<string, string>> = {
  'www.example.com': 'f1e3c2e5f23a6ba0ab90f4ff',
  'no-cache': 'a8eb10649cbf',
  'custom-key': '25a849e95ba97d7f',
  'custom-value': '25a849e95bb8e8b4bf',
};
const ENTRY_BYTES = 32;
const TABLE_BYTES = 4096;

/** Writes header blocks in all ways that RFC 7541 has, chosen at random. */
export class FieldWriter {
  readonly #random: Random;
  /** The newest first. */
  readonly #table: Field[] = [];
  #bytesMax = TABLE_BYTES;

  constructor(random: Random) {
    this.#random = random;
  }

  block(fields: readonly Field[]): Buffer {
    const sizes = this.#random.oneIn(6) ? [this.#random.below(TABLE_BYTES + 1)] : [];
    if (sizes.length > 0 && this.#random.oneIn(2)) sizes.unshift(0);
    return Buffer.concat([...sizes.map((bytes) => this.#resize(bytes)), ...fields.map((field) => this.#field(field))]);
  }

  #resize(bytes: number): Buffer {
    this.#bytesMax = bytes;
    this.#evict();
    return integer(0x20, 5, bytes);
  }

  #evict(): void {
    const bytes = () => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_BYTES, 0);
    while (bytes() > this.#bytesMax) this.#table.pop();
  }

  #field([name, value]: Field): Buffer {
    const whole = STATIC.get(`${name}\n${value}`) ?? this.#indexOf((one) => one[0] === name && one[1] === value);
    if (whole !== undefined && !this.#random.oneIn(4)) return integer(0x80, 7, whole);
    const named = this.#random.oneIn(3)
      ? undefined
      : (STATIC.get(`${name}\n`) ?? this.#indexOf((one) => one[0] === name));
    const text = named === undefined ? [this.#text(name), this.#text(value)] : [this.#text(value)];
    const literal = (mark: number, bits: number) => Buffer.concat([integer(mark, bits, named ?? 0), ...text]);
    if (this.#random.oneIn(3)) return literal(this.#random.oneIn(2) ? 0x10 : 0, 4);
    const block = literal(0x40, 6);
    this.#table.unshift([name, value]);
    this.#evict();
    return block;
  }

  #indexOf(is: (field: Field) => boolean): number | undefined {
    const index = this.#table.findIndex(is);
    return index < 0 ? undefined : STATIC_FIELDS + 1 + index;
  }

  #text(value: string): Buffer {
    const coded = HUFFMAN[value];
    if (coded !== undefined && this.#random.oneIn(2))
      return Buffer.concat([integer(0x80, 7, coded.length / 2), Buffer.from(coded, 'hex')]);
    return Buffer.concat([integer(0, 7, value.length), Buffer.from(value, 'latin1')]);
  }
}

/** RFC 7541 section 5.1: a number in the last bits of an octet, and in those behind it. */
function integer(mark: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([mark | value]);
  const octets = [mark | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

const NAMES = ['custom-key', 'cookie', 'user-agent', 'accept-encoding', 'x-a', 'x-b', 'te', '!#$%&|~'];
const VALUES = [
  '',
  'www.example.com',
  'no-cache',
  'custom-value',
  'gzip, deflate',
  'a\tb',
  '\x80\xff',
  'v'.repeat(130),
];

/** Fields of a request that is as it must be. `own` come last. */
export function requestFields(random: Random, own: readonly Field[]): Field[] {
  const pseudo: Field[] = [
    [':method', random.of(['GET', 'POST', 'PUT'])],
    [':path', random.of(['/', '/index.html', `/${'p'.repeat(random.below(300))}`])],
    [':scheme', random.of(['http', 'https'])],
  ];
  if (!random.oneIn(4)) pseudo.push([':authority', random.of(['www.example.com', 'localhost:80'])]);
  const from = random.below(pseudo.length);
  const turned = [...pseudo.slice(from), ...pseudo.slice(0, from)];
  return [...turned, ...trailerFields(random), ...own];
}

/** Fields without a pseudo-header field. */
export function trailerFields(random: Random): Field[] {
  return Array.from({ length: random.below(6) }, () => {
    const name = random.of(NAMES);
    if (random.oneIn(20)) return [name === 'te' ? 'x-large' : name, 'l'.repeat(random.below(5000))] as const;
    return [name, name === 'te' ? 'trailers' : random.of(VALUES)] as const;
  });
}
