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
      /** Only this machine can reach it. Judged by its spelling: a name other than `localhost` counts as reachable. */
      readonly loopback: boolean;
    };

/** What a listen address looks like, for messages. */
export const LISTEN_ADDRESS_FORMS = 'HOST:PORT, [IPV6]:PORT or unix:PATH';

/** Reads `127.0.0.1:9000`, `[::1]:9000`, `localhost:0` or `unix:/run/jimini/data.sock`; a string says why it is none. */
export function parseListenAddress(text: string): ListenAddress | string {
  if (text.startsWith('unix:')) return parseUnix(text.slice('unix:'.length));
  if (text.startsWith('unix-abstract:')) return 'abstract sockets have no owner and no mode; use unix:PATH';
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined) return `expected ${LISTEN_ADDRESS_FORMS}`;
  if (port > 65_535) return 'expected a port from 0 to 65535';
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
  return host.toLowerCase() === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
