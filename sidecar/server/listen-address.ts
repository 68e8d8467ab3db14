import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';

/** Where a listener binds. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The listeners of the program, as they are called in the configuration (`listen.data` and so on). */
export type ListenerName = 'data' | 'control' | 'ops';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Reads `host:port`, `[IPv6]:port` or `unix:PATH` (relative paths allowed; `unix:///PATH` as gRPC names it, too).
 * Port 0 asks for a free one. Hosts are IP addresses or `localhost`, which is 127.0.0.1: what a name resolves to can
 * change, and then nobody knows whether it is loopback. Throws JIMINI_LISTEN_REFUSED.
 */
export function parseListenAddress(text: string, name: ListenerName): ListenAddress {
  return text.startsWith('unix') ? parseUnix(text, name) : parseTcp(text, name);
}

/** How an address is written in logs and messages; what `parseListenAddress` reads. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * Refuses a TCP address that other machines can reach, because nothing encrypts it, unless `allowPlaintext` lists this
 * listener. The control listener is never excused: tokens would travel in the clear. Throws JIMINI_LISTEN_REFUSED.
 */
export function refuseOpenPlaintext(
  address: ListenAddress,
  name: ListenerName,
  allowPlaintext: readonly string[],
): void {
  if (address.kind === 'unix' || isLoopback(address.host)) return;
  if (name !== 'control' && allowPlaintext.includes(name)) return;
  const way = name === 'control' ? '' : `, or add "${name}" to listen.allowPlaintext if the network is trusted`;
  throw refused(
    name,
    `${formatListenAddress(address)} can be reached from other machines without encryption; use a loopback address or a unix: path${way}`,
  );
}

/** The one form of every refusal to listen: which key, what was found, what to do. */
export function refused(name: ListenerName, reason: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_LISTEN_REFUSED', `listen.${name}: ${reason}`, { cause });
}

function isLoopback(host: string): boolean {
  return LOOPBACK.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}

function parseTcp(text: string, name: ListenerName): ListenAddress {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const { six, four, port } = match?.groups ?? {};
  const host = four === 'localhost' ? '127.0.0.1' : (six ?? four ?? '');
  const known = six === undefined ? isIPv4(host) : isIPv6(host);
  if (!known || Number(port) > 65_535) {
    throw refused(
      name,
      `${JSON.stringify(text)} is no address; write IP:PORT, [IPv6]:PORT, localhost:PORT or unix:PATH`,
    );
  }
  return { kind: 'tcp', host, port: Number(port) };
}

function parseUnix(text: string, name: ListenerName): ListenAddress {
  const path = text.replace(/^unix:(?:\/\/(?=\/))?/, '');
  if (/^unix-abstract:/.test(text) || /^[@\0]/.test(path)) {
    throw refused(name, 'abstract socket names have no permissions; use unix:PATH with a file path');
  }
  if (!text.startsWith('unix:') || path === '' || path.endsWith('/') || path.includes('\0')) {
    throw refused(name, `${JSON.stringify(text)} names no socket file; write unix:PATH`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > LIMITS.socketPathBytesMax) {
    throw refused(name, `the socket path has ${bytes} bytes, the system allows ${LIMITS.socketPathBytesMax}`);
  }
  return { kind: 'unix', path };
}
