import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { LIMITS } from '../kernel/limits.js';

/** Where a listener binds. */
export type ListenAddress =
  | {
      readonly kind: 'tcp';
      /** IPv4 or IPv6 address, without brackets. */
      readonly host: string;
      /** 0 = any free port. */
      readonly port: number;
    }
  | { readonly kind: 'unix'; readonly path: string };

/** The listeners of the program, as they are called in the configuration (`listen.data` and so on). */
export type ListenerName = 'data' | 'control' | 'ops';

/** RFC 1122 3.2.1.3 (all of 127/8), RFC 4291 2.5.3 (`::1`). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Reads `IP:PORT`, `[IPv6]:PORT` or `unix:PATH` (relative paths allowed; `unix:///PATH` as gRPC names it, too); a string
 * says why it is none. Hosts are IP addresses or `localhost`, which is 127.0.0.1: what a name resolves to can change,
 * and then nobody knows who can reach the listener.
 */
export function parseListenAddress(text: string): ListenAddress | string {
  return text.startsWith('unix') ? parseUnix(text) : parseTcp(text);
}

/** How an address is written in logs and messages; what `parseListenAddress` reads. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Only this machine can reach it. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === 'unix' || LOOPBACK.check(address.host, isIPv4(address.host) ? 'ipv4' : 'ipv6');
}

/**
 * Why a listener without TLS must not bind there, or undefined: what other machines can reach needs the word of
 * `allowPlaintext`, because nothing encrypts it. The control listener is never excused: tokens would travel in the clear.
 */
export function plaintextRefusal(
  address: ListenAddress,
  name: ListenerName,
  allowPlaintext: readonly string[],
): string | undefined {
  if (isLocal(address) || (name !== 'control' && allowPlaintext.includes(name))) return undefined;
  const way = name === 'control' ? '' : `, or add ${name} to listen.allowPlaintext if the network is trusted`;
  return `other machines can reach it without encryption; use 127.0.0.1:PORT, unix:PATH or listen.tls${way}`;
}

function parseTcp(text: string): ListenAddress | string {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const { six, four, port } = match?.groups ?? {};
  const host = four === 'localhost' ? '127.0.0.1' : (six ?? four ?? '');
  const isKnown = six === undefined ? isIPv4(host) : isIPv6(host);
  if (!isKnown) return 'expected IP:PORT, [IPv6]:PORT, localhost:PORT or unix:PATH';
  if (Number(port) > 65_535) return 'expected a port from 0 to 65535';
  return { kind: 'tcp', host, port: Number(port) };
}

/** gRPC writes absolute paths as `unix:///path` too (grpc/doc/naming.md). */
function parseUnix(text: string): ListenAddress | string {
  const path = text.replace(/^unix:(?:\/\/(?=\/))?/, '');
  if (/^unix-abstract:/.test(text) || /^[@\0]/.test(path)) {
    return 'abstract sockets have no owner and no mode; use unix:PATH';
  }
  if (!text.startsWith('unix:') || path === '' || path.endsWith('/') || path.includes('\0')) {
    return 'expected the path of a socket after unix:';
  }
  const bytes = Buffer.byteLength(path);
  return bytes > LIMITS.socketPathBytesMax
    ? `the socket path has ${bytes} bytes; the system allows ${LIMITS.socketPathBytesMax}`
    : { kind: 'unix', path };
}
