import validator from 'validator';

/**
 * Structure of a US social security number: no area 000, 666 or 9xx, no group 00, no serial 0000 (Social Security
 * Administration, "Meaning of the Social Security Number", and its randomization notice of 2011), not one of the two
 * numbers that were printed in advertisements, and not one digit nine times. Numbers that only look made up count.
 */
export function isSsn(text: string): boolean {
  const digits = text.replace(/[\s.\u2010-\u2015-]/g, '');
  if (!/^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits)) return false;
  return digits !== '078051120' && digits !== '219099999' && !/^(\d)\1{8}$/.test(digits);
}

/** Shannon entropy of the text's characters, bits per character. */
export function shannonBits(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / total) * Math.log2(count / total);
  return bits;
}

/** Words and shapes that people write where a secret would stand. */
const STAND_INS =
  /example|placeholder|change_?me|redacted|your[_-]?|x{4,}|\*{3,}|\.{3,}|<[\w .:/|-]*>|[$#]\{[\w.]+(?:[:?+-][^}]*)?\}|\{\{-?[\w\s.$|"'()-]+\}\}|\$\(\w|%\w+%|^(?:null|none|undefined|true|false|password|secret|token)$/i;
const RUNS = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz 01234567890123456789 98765432109876543210';

/** Whether a text is an obvious stand-in for a value: a word for it, a template, few characters, or a plain run. */
export function isPlaceholder(text: string): boolean {
  const lower = text.toLowerCase();
  return STAND_INS.test(text) || new Set(lower).size <= 4 || (lower.length >= 4 && RUNS.includes(lower));
}

/** Whether the first part of a JSON Web Token is a header (RFC 7515 4.1.1: `alg` is required). */
export function isJwt(text: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header && typeof header.alg === 'string';
  } catch {
    return false;
  }
}

/** Whether an IP address can be one of the public Internet (IANA special-purpose registries, RFC 6890). */
export function isPublicIp(text: string): boolean {
  if (validator.isIP(text, 4)) return isPublicIpv4(text.split('.').map(Number));
  if (!validator.isIP(text, 6)) return false;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  if (mapped) return isPublicIpv4(mapped.split('.').map(Number));
  return !/^(::1?$|::\/|fe[89ab]|f[cd]|ff|2001:0?db8|100:(?::|0))/i.test(text);
}

function isPublicIpv4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): boolean {
  if (b === 0 && c === 0 && d === 0) return false; // a network, or the release of a browser (Chrome/124.0.0.0)
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >= 64 && b <= 127) return false;
  if ((a === 169 && b === 254) || (a === 172 && b >= 16 && b <= 31)) return false;
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return false;
  return !((a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) || (a === 203 && b === 0 && c === 113));
}
