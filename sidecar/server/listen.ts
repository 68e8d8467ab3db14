import type { AddressInfo, Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import {
  formatListenAddress,
  type ListenAddress,
  type ListenerName,
  parseListenAddress,
  plaintextRefusal,
} from '../config/listen-address.js';
import type { JiminiError } from '../kernel/errors.js';
import { refused } from './listen-refused.js';
import { bindSocketFile, errorCode, prepareSocketPath } from './socket-file.js';

/** One listener of the configuration. */
export interface ListenOptions {
  readonly name: ListenerName;
  /** As `parseListenAddress` reads it. */
  readonly address: string;
  /** Listeners that may bind beyond loopback without TLS. */
  readonly allowPlaintext: readonly string[];
  /** Permission bits of a Unix socket, usually 0o660. */
  readonly socketMode: number;
}

/**
 * Binds a server by the rules of `config/listen-address.ts` and `socket-file.ts` and resolves to the address as bound (with
 * the port that port 0 became). Closing the server removes its socket file. Rejects with JIMINI_LISTEN_REFUSED.
 */
export async function listen(server: Server, options: ListenOptions): Promise<string> {
  const { name } = options;
  const address = parseListenAddress(options.address);
  if (typeof address === 'string') throw refused(name, address);
  // What the server is counts, not what a setting says of it.
  const refusal = server instanceof TlsServer ? undefined : plaintextRefusal(address, name, options.allowPlaintext);
  if (refusal !== undefined) throw refused(name, refusal);
  if (address.kind === 'unix') await prepareSocketPath(address.path, name);
  const bound = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error) => reject(cannotListen(name, address, error)));
  });
  try {
    bind(server, address, options.socketMode);
  } catch (error) {
    server.close();
    bound.catch(() => {});
    throw cannotListen(name, address, error);
  }
  await bound;
  server.removeAllListeners('error');
  // A failing accept (out of file descriptors) is not the end: the next one may succeed.
  server.on('error', () => {});
  return formatListenAddress(boundAddress(server, address));
}

function bind(server: Server, address: ListenAddress, socketMode: number): void {
  if (address.kind === 'tcp') server.listen({ host: address.host, port: address.port });
  else bindSocketFile(address.path, socketMode, () => server.listen({ path: address.path }));
}

/** What the usual causes ask of the operator. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'another program listens there: stop it, or choose another address'],
  ['EADDRNOTAVAIL', 'this machine has no such address: choose one that it has'],
  ['EACCES', 'this user may not: choose a port from 1024, or a path that this user can write to'],
  ['EROFS', 'the file system is read-only: choose a path that can be written to'],
]);

function cannotListen(name: ListenerName, address: ListenAddress, error: unknown): JiminiError {
  const code = errorCode(error);
  const advice = ADVICE.get(code);
  const reason = `cannot listen on ${formatListenAddress(address)} (${code})`;
  return refused(name, advice === undefined ? reason : `${reason}; ${advice}`, error);
}

function boundAddress(server: Server, asked: ListenAddress): ListenAddress {
  if (asked.kind === 'unix') return asked;
  const { address, port } = server.address() as AddressInfo;
  return { kind: 'tcp', host: address, port };
}
