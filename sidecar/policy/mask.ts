import { createHmac } from 'node:crypto';
import { foldText } from './fold.js';

/** How a match can be masked. */
export const MASK_STYLES = ['type', 'stars', 'last4', 'domain', 'hash'] as const;

/** How the matches of one rule are masked. */
export interface Mask {
  /**
   * `type`: the name alone; `stars`: eight stars, whatever the length; `last4`: its last four letters or digits;
   * `domain`: the domain of an e-mail address; `hash`: the name and a keyed digest, equal for equal texts.
   */
  readonly style: (typeof MASK_STYLES)[number];
  /** Name of what is masked; letters, digits and `. _ : -`. */
  readonly name: string;
}

const STARS = '********';
/** Of fewer letters and digits the last four would be too large a part. */
const LAST4_CHARS_MIN = 9;
/** A host name with its dots: nothing that could read as more than that. */
const DOMAIN = /@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})$/;
/** 48 bits: equal digests of different texts are not to be expected among millions. */
const DIGEST_NIBBLES = 12;

/** Stands for a match of which nothing is shown. */
export function placeholder({ name }: Mask): string {
  return `[${name}]`;
}

/**
 * What stands in the place of a match. `key` makes digests unguessable: without it, whoever has one could find a short number
 * by trying all of them. Where a style would show too much, or has nothing to show, the name alone stands.
 */
export function maskedValue(mask: Mask, value: string, key: string): string {
  switch (mask.style) {
    case 'stars':
      return STARS;
    case 'last4':
      return lastFour(value) ?? STARS;
    case 'domain': {
      const domain = DOMAIN.exec(value)?.[1];
      return domain === undefined ? placeholder(mask) : `${placeholder(mask)}@${domain}`;
    }
    case 'hash':
      return `[${mask.name}:${digestOf(value, key)}]`;
    default:
      return placeholder(mask);
  }
}

function lastFour(value: string): string | undefined {
  const characters = value.match(/[\p{L}\p{N}]/gu) ?? [];
  return characters.length < LAST4_CHARS_MIN ? undefined : `****${characters.slice(-4).join('')}`;
}

/** In letters `a` to `p`, so that no rule takes a digest for a number. */
function digestOf(value: string, key: string): string {
  const hex = createHmac('sha256', key).update(foldText(value)).digest('hex');
  return Array.from(hex.slice(0, DIGEST_NIBBLES), (nibble) =>
    String.fromCharCode(97 + Number.parseInt(nibble, 16)),
  ).join('');
}
