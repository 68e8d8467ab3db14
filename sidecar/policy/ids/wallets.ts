import { createHash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { base58, base58xmr, base58xrp, bech32, bech32m } from '@scure/base';
import type { IdCheck } from './weights.js';

/** Addresses of cryptocurrencies, as they are written: upper and lower case mean something. */
export const WALLETS: Readonly<Record<string, IdCheck>> = {
  // CIP-19: Bech32 with a long payload.
  ada: (text) => isBech32(text, ['addr', 'addr_test', 'stake', 'stake_test']),
  // Base58Check (P2PKH, P2SH, their test networks) and BIP 173, BIP 350.
  // The address of 20 bytes of zero is nobody's: coins are sent there to be lost.
  btc: (text) =>
    (isBase58Check(text, ['00', '05', '6f', 'c4']) && !/^1{10}/.test(text)) || isSegwit(text, ['bc', 'tb', 'bcrt']),
  doge: (text) => isBase58Check(text, ['1e', '16']),
  // EIP-55 where it is in mixed case: a letter is a capital where the hash of the address says so.
  eth: (text) => /^0x[\da-f]{40}$/i.test(text) && !/^0x(.)\1*$/.test(text) && isEip55(text.slice(2)),
  ltc: (text) => isBase58Check(text, ['30', '32', '05']) || isSegwit(text, ['ltc']),
  // An Ed25519 key of 32 bytes without a check.
  sol: (text) => bytesOf(base58, text)?.length === 32,
  trx: (text) => isBase58Check(text, ['41']),
  // Network byte, two keys, for integrated addresses a payment id, four bytes of Keccak.
  xmr: (text) => {
    const bytes = bytesOf(base58xmr, text);
    if (!bytes || ![18, 19, 42].includes(bytes[0] as number) || (bytes.length !== 69 && bytes.length !== 77))
      return false;
    return Buffer.from(keccak_256(bytes.subarray(0, -4)))
      .subarray(0, 4)
      .equals(bytes.subarray(-4));
  },
  xrp: (text) => isChecked(bytesOf(base58xrp, text), ['00']),
};

type Decoder = { decode(text: string): Uint8Array };

/** Decoders throw for a sign that is none of theirs. */
function bytesOf(decoder: Decoder, text: string): Uint8Array | undefined {
  try {
    return decoder.decode(text);
  } catch {
    return undefined;
  }
}

function isBase58Check(text: string, versions: readonly string[]): boolean {
  return isChecked(bytesOf(base58, text), versions);
}

/** A version byte, 20 bytes of hash, the first four bytes of their double SHA-256. */
function isChecked(bytes: Uint8Array | undefined, versions: readonly string[]): boolean {
  if (bytes?.length !== 25 || !versions.includes(Buffer.from(bytes.subarray(0, 1)).toString('hex'))) return false;
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();
  return sha256(sha256(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

/** The longest Bech32 address: a Cardano pointer address of the test network. */
const BECH32_CHARS_MAX = 130;

function isBech32(text: string, prefixes: readonly string[]): boolean {
  const decoded = bech32.decodeUnsafe(text, BECH32_CHARS_MAX);
  return decoded !== undefined && prefixes.includes(decoded.prefix);
}

/** BIP 350: version 0 has the older checksum and a program of 20 or 32 bytes, later versions the newer one. */
function isSegwit(text: string, prefixes: readonly string[]): boolean {
  for (const coder of [bech32, bech32m]) {
    const decoded = coder.decodeUnsafe(text, 90);
    if (!decoded || !prefixes.includes(decoded.prefix)) continue;
    const [version = -1, ...words] = decoded.words;
    const length = coder.fromWordsUnsafe(words)?.length ?? 0;
    if (coder === bech32) return version === 0 && (length === 20 || length === 32);
    return version >= 1 && version <= 16 && length >= 2 && length <= 40;
  }
  return false;
}

function isEip55(address: string): boolean {
  const lower = address.toLowerCase();
  if (address === lower || address === address.toUpperCase()) return true;
  const hash = Buffer.from(keccak_256(Buffer.from(lower, 'ascii'))).toString('hex');
  return [...lower].every(
    (sign, i) => address[i] === (Number.parseInt(hash[i] as string, 16) > 7 ? sign.toUpperCase() : sign),
  );
}
