import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { TlsIdentity } from '../config/tls-files.js';
import { LIMITS } from '../kernel/limits.js';
import { clientIdOf, isAllowed } from './client-id.js';

/**
 * Why a peer was not let in: what it sent is no TLS; no common version, cipher or protocol; its certificate is missing or
 * not accepted; its id is not in the list; it did not accept ours; it was too slow; it ended, or was cut for others,
 * before the handshake did.
 */
export type TlsRefusal =
  | 'not_tls'
  | 'no_common_protocol'
  | 'certificate'
  | 'client_id'
  | 'peer_refused'
  | 'timeout'
  | 'unfinished';

/** What a listener demands of its peers. */
export interface TlsTerms {
  readonly identity: TlsIdentity;
  /** Clients that may connect; empty = everyone with an accepted certificate. */
  readonly clientIds: readonly string[];
  /** A peer was not let in. `clientId` is what its accepted certificate says. Must not throw. */
  readonly onRefused: (reason: TlsRefusal, clientId?: string) => void;
}

/** A server that speaks TLS before anything else. */
export interface TlsListener {
  readonly server: Server;
  /** Connections made from now on get this certificate and are checked by its authorities. Those that are open stay. */
  renew(identity: TlsIdentity): void;
  /** Cuts the handshakes that are under way. */
  cut(): void;
}

/** A listener for HTTP/2 over TLS. `onConnection` gets the sockets of peers that were let in, and bounds how many there are. */
export function createTlsListener(
  terms: TlsTerms,
  connectionsMax: number,
  onConnection: (socket: TLSSocket) => void,
): TlsListener {
  const { clientIds, onRefused, identity } = terms;
  const server = createServer({
    ...tlsOptions(identity),
    requestCert: identity.clientCa !== undefined,
    rejectUnauthorized: identity.clientCa !== undefined,
    ALPNProtocols: ['h2'],
    noDelay: true,
  });
  server.on('secureConnection', (socket) => {
    const refuse = (reason: TlsRefusal, clientId?: string) => {
      socket.destroy();
      onRefused(reason, clientId);
    };
    socket.on('error', () => {}); // the peer went away; the session on top of it hears of it by itself
    if (socket.alpnProtocol !== 'h2') return refuse('no_common_protocol');
    if (clientIds.length > 0) {
      const id = clientIdOf(socket.getPeerX509Certificate());
      if (id === undefined || !isAllowed(clientIds, id)) return refuse('client_id', id);
    }
    onConnection(socket);
  });
  return withBoundedHandshakes(server, connectionsMax, onRefused);
}

/** Bounds the handshakes of a TLS server that may have so many connections, counts those that fail, and lets its certificate be renewed. */
export function withBoundedHandshakes(
  server: Server,
  connectionsMax: number,
  onRefused: TlsTerms['onRefused'],
): TlsListener {
  const underWay = new Map<string, Socket>(); // a Map remembers order: the first one has waited longest
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    const isFull = underWay.size >= connectionsMax * LIMITS.tlsHandshakesShareMax;
    const [oldest] = isFull ? underWay.values() : [];
    oldest?.destroy();
    underWay.set(peer, socket);
    socket.once('close', () => underWay.get(peer) === socket && underWay.delete(peer));
  });
  server.on('secureConnection', (socket) => underWay.delete(peerOf(socket)));
  server.on('tlsClientError', (error, socket) => {
    onRefused(socket.authorizationError ? 'certificate' : reasonOf(error));
    socket.destroy();
  });
  return {
    server,
    renew: (identity) => server.setSecureContext(tlsOptions(identity)),
    cut() {
      for (const socket of underWay.values()) socket.destroy();
    },
  };
}

/**
 * TLS 1.2 at least: Envoy speaks no more to its upstreams unless told, and older versions are broken (RFC 8996). Of 1.2 only
 * the suites that HTTP/2 allows (RFC 9113 9.2.2, RFC 9325 4.2). No resumption: each connection shows its certificate, so that
 * one that has ended or whose authority is no longer trusted opens none. No renegotiation: HTTP/2 forbids it.
 */
export function tlsOptions({ cert, key, clientCa }: TlsIdentity): TlsOptions {
  return {
    handshakeTimeout: LIMITS.tlsHandshakeMsMax,
    cert,
    key,
    ...(clientCa !== undefined && { ca: clientCa }),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Two sockets of one connection, the one under TLS and the one over it, have this in common. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Node's and OpenSSL's names of what went wrong, as far as they are told apart. */
const REASONS: readonly (readonly [code: RegExp, reason: TlsRefusal])[] = [
  [/^ERR_TLS_HANDSHAKE_TIMEOUT$/, 'timeout'],
  [/^ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE$/, 'certificate'],
  [/^ERR_SSL_(HTTP_REQUEST|WRONG_VERSION_NUMBER|DATA_LENGTH_TOO_LONG|PACKET_LENGTH_TOO_LONG)$/, 'not_tls'],
  [/^ERR_SSL_.*ALERT/, 'peer_refused'],
  [/^ERR_SSL_/, 'no_common_protocol'],
];

function reasonOf(error: Error): TlsRefusal {
  const code = 'code' in error ? String(error.code) : '';
  return REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'unfinished';
}
