/** Bits of the code of each octet, and of EOS behind them (RFC 7541 appendix B). */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const EOS = 256;
/** Longest padding: more than 7 bits of it is an error (RFC 7541 section 5.2). */
const PADDING_BITS_MAX = 7;

/**
 * One step is four bits of input. Bits 0 to 7 of its entry: the state after it; 8 to 15: the octet that it completes (never
 * two, for no code has less than five bits); then these flags.
 */
const COMPLETES = 1 << 16;
const FAILS = 1 << 17;
const MAY_END = 1 << 18;
/** By state and four bits: 16 KB, which stay in the first cache. Steps of eight bits would need 256 KB. */
const STEPS = buildSteps(buildTree());

/** Room for what is being decoded. Longer texts are rare, and get their own. */
const SCRATCH = Buffer.allocUnsafeSlow(8192);

/** Text of Huffman codes (RFC 7541 section 5.2), one character for each octet; undefined when the codes hold EOS or end in wrong padding. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  const octetsMax = Math.ceil(((end - start) * 8) / 5);
  const octets = octetsMax <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(octetsMax);
  let step = MAY_END;
  let seen = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    step = STEPS[((step & 0xff) << 4) | (byte >> 4)] ?? FAILS;
    octets[length] = step >> 8;
    length += (step >> 16) & 1;
    seen |= step;
    step = STEPS[((step & 0xff) << 4) | (byte & 0xf)] ?? FAILS;
    octets[length] = step >> 8;
    length += (step >> 16) & 1;
    seen |= step;
  }
  if ((seen & FAILS) !== 0 || (step & MAY_END) === 0) return undefined;
  return octets.toString('latin1', 0, length);
}

/** The tree of codes: at `2 * node + bit` the next node, or `~symbol`. The root is node 0. There are 256 nodes: one less than symbols. */
function buildTree(): Int16Array {
  // The code is canonical: codes of one length are consecutive numbers, in the order of their symbols.
  const symbols = CODE_BITS.map((bits, symbol) => ({ bits, symbol }));
  symbols.sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  const tree = new Int16Array(2 * EOS);
  let nodes = 1;
  let code = 0;
  let codeBits = 0;
  for (const { bits, symbol } of symbols) {
    code <<= bits - codeBits;
    codeBits = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const edge = 2 * node + ((code >> bit) & 1);
      if (tree[edge] === 0) {
        tree[edge] = nodes;
        nodes += 1;
      }
      node = tree[edge] ?? 0;
    }
    tree[2 * node + (code & 1)] = ~symbol;
    code += 1;
  }
  return tree;
}

function buildSteps(tree: Int16Array): Int32Array {
  // Padding is the beginning of EOS, which is all ones.
  const ends = [0];
  for (let node = 0; ends.length <= PADDING_BITS_MAX; ends.push(node)) node = tree[2 * node + 1] ?? 0;
  const steps = new Int32Array(EOS * 16);
  for (let at = 0; at < steps.length; at += 1) {
    let node = at >> 4;
    let result = 0;
    for (let bit = 3; bit >= 0; bit -= 1) {
      node = tree[2 * node + ((at >> bit) & 1)] ?? 0;
      if (node >= 0) continue;
      result |= ~node === EOS ? FAILS : COMPLETES | (~node << 8);
      node = 0;
    }
    steps[at] = result | node | (ends.includes(node) ? MAY_END : 0);
  }
  return steps;
}
