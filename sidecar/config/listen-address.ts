import { isIPv4, isIPv6 } from 'node:net';
import { LIMITS } from '../kernel/limits.js';

/** Where a listener listens. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tcp';
      /** Host without brackets. */
      readonly host: string;
      /** 0 = any free port. */
      readonly port: number;
      /** Only this machine can reach it. */
      readonly loopback: boolean;
    };

/** What a listen address looks like, for messages. */
const LISTEN_ADDRESS_FORMS = 'IP:PORT, [IPv6]:PORT, localhost:PORT or unix:PATH';

/**
 * Reads `127.0.0.1:9000`, `[::1]:9000`, `localhost:0` or `unix:/run/jimini/data.sock`; a string says why it is none.
 * Other names are refused: what one resolves to can change, and then nobody knows who can reach the listener.
 */
export function parseListenAddress(text: string): ListenAddress | string {
  if (text.startsWith('unix:')) return parseUnix(text.slice('unix:'.length));
  if (text.startsWith('unix-abstract:')) return 'abstract sockets have no owner and no mode; use unix:PATH';
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, six, four, digits] = match ?? [];
  const isHost = six === undefined ? four === 'localhost' || isIPv4(four ?? '') : isIPv6(six);
  if (!isHost) return `expected ${LISTEN_ADDRESS_FORMS}`;
  const port = Number(digits);
  if (port > 65_535) return 'expected a port from 0 to 65535';
  const host = six ?? four ?? '';
  return { kind: 'tcp', host, port, loopback: isLoopback(host) };
}

/** gRPC writes absolute paths as `unix:///path` too (grpc/doc/naming.md). */
function parseUnix(rest: string): ListenAddress | string {
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '' || path.endsWith('/')) return 'expected the path of a socket after unix:';
  if (path.startsWith('@') || path.includes('\0')) return 'abstract sockets have no owner and no mode; use unix:PATH';
  if (Buffer.byteLength(path) > LIMITS.socketPathBytesMax) {
    return `the socket path has ${Buffer.byteLength(path)} bytes; the system allows ${LIMITS.socketPathBytesMax}`;
  }
  return { kind: 'unix', path };
}

/** RFC 1122 3.2.1.3 (all of 127/8), RFC 4291 2.5.3 (`::1`), RFC 6761 6.3 (`localhost`). */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
