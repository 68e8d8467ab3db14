import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/**
 * Whether the last six characters are the CRC-32 of those before them, in base62 (GitHub blog, "Behind GitHub's new
 * authentication token formats", 2021; npm's tokens are alike). Wants the token without its prefix.
 */
export function hasTokenChecksum(text: string): boolean {
  if (!/^[0-9A-Za-z]{7,255}$/.test(text)) return false;
  let [rest, digits] = [crc32(text.slice(0, -6)), ''];
  for (; rest > 0; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits;
  return text.endsWith(digits.padStart(6, '0'));
}

/** Whether a text is a Bitcoin private key in wallet import format: base58, a version byte of 0x80 or 0xEF, a checksum. */
export function isWif(text: string): boolean {
  let number = 0n;
  for (const char of text) {
    const digit = BASE58.indexOf(char);
    if (digit < 0) return false;
    number = number * 58n + BigInt(digit);
  }
  const bytes = Buffer.from(number.toString(16).padStart(74, '0'), 'hex');
  const body = bytes.subarray(0, -4);
  if ((body.length !== 33 && body.length !== 34) || (body[0] !== 0x80 && body[0] !== 0xef)) return false;
  const digest = createHash('sha256').update(createHash('sha256').update(body).digest()).digest();
  return digest.subarray(0, 4).equals(bytes.subarray(-4));
}

/** Whether a text is base64 of `user:password` (RFC 7617), both printable ASCII, the password not empty. */
export function isBasicAuth(text: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]{0,128}:[\x20-\x7e]{1,256}$/.test(Buffer.from(text, 'base64').toString('latin1'));
}

/** The pairs of letters that make up about two thirds of English prose, program identifiers included. */
const COMMON_PAIRS = new Set(
  (
    'th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ' +
    'ne ea ra ce li ch ll be ma si om ur ss ta la el ge et us ns ec rs id di pr wo ad ct wi ac em lo tr no ho ai ut ' +
    'pe pa po so ke ey am un il ol sa mp pl ow ap pi fi ex rt sh ag ig ir ie ee ls ts na ca su fo do ab ev im ot op'
  ).split(' '),
);

/** Share of the pairs of letters within words (`camelCase` is two) that are common in words; 0 without any pair. */
function wordShare(text: string): number {
  let [pairs, common] = [0, 0];
  for (const [word] of text.matchAll(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)) {
    for (let i = 1; i < word.length; i++) {
      pairs++;
      if (COMMON_PAIRS.has(word.slice(i - 1, i + 1).toLowerCase())) common++;
    }
  }
  return pairs === 0 ? 0 : common / pairs;
}

/**
 * Whether a token looks drawn by lot and not written by a person: letters and digits in turns, or letters that make
 * no words. Digits alone are numbers.
 */
export function looksRandom(text: string): boolean {
  if (!/[A-Za-z]/.test(text)) return false;
  if (/^(?=.*[0-9])[0-9a-f]{24,}$/i.test(text)) return true;
  const share = wordShare(text);
  if (!/[0-9]/.test(text)) return text.length >= 20 && share < 0.4;
  const turns = text.match(/[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])/g)?.length ?? 0;
  return turns / text.length >= 0.2 || share < 0.45;
}
