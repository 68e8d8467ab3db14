import type { AddressInfo, Server } from 'node:net';
import {
  formatListenAddress,
  type ListenAddress,
  type ListenerName,
  parseListenAddress,
  plaintextRefusal,
} from '../config/listen-address.js';
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
  const refusal = plaintextRefusal(address, name, options.allowPlaintext);
  if (refusal !== undefined) throw refused(name, refusal);
  if (address.kind === 'unix') await prepareSocketPath(address.path, name);
  const bound = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error) =>
      reject(refused(name, `cannot listen on ${formatListenAddress(address)} (${errorCode(error)})`, error)),
    );
  });
  try {
    bind(server, address, options.socketMode);
  } catch (error) {
    server.close();
    bound.catch(() => {});
    throw refused(name, `cannot listen on ${formatListenAddress(address)} (${errorCode(error)})`, error);
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

function boundAddress(server: Server, asked: ListenAddress): ListenAddress {
  if (asked.kind === 'unix') return asked;
  const { address, port } = server.address() as AddressInfo;
  return { kind: 'tcp', host: address, port };
}
