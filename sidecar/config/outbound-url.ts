import { isLocal, parseListenAddress } from './listen-address.js';

/** What an address is for, in the words of its refusals. */
export interface OutboundUse {
  /** What was expected: `the address of an API, such as https://...`. */
  readonly expected: string;
  /** What would leave this machine without encryption. */
  readonly what: string;
}

/**
 * Why nothing is sent to this address; undefined = it may be. https, or http on this machine or where the user has said
 * `allowPlaintext`; no credentials.
 */
export function urlRefusal(text: string, allowPlaintext: boolean, { expected, what }: OutboundUse): string | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return `expected ${expected}`;
  if (url.username !== '' || url.password !== '')
    return 'holds a credential; put the key into a file and name it by keyFile';
  if (url.protocol === 'https:' || allowPlaintext || isLoopback(url.hostname)) return undefined;
  return `${what} would leave this machine without encryption; use https, or allowPlaintext: true if the network is trusted`;
}

function isLoopback(hostname: string): boolean {
  const address = parseListenAddress(`${hostname}:0`);
  return typeof address === 'object' && isLocal(address);
}
