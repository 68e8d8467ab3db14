import { TLSSocket } from 'node:tls';
import { clientIdOf } from './client-id.js';
import type { ServerStream } from './http2/server-stream.js';

/** What a caller shows of himself. */
export interface Credentials {
  /** Values of the request header `authorization`. */
  readonly authorization: readonly string[];
  /** Name in the certificate that TLS has accepted (see `clientIdOf`); undefined without. */
  readonly clientId: string | undefined;
}

/** What the caller shows, as soon as the headers are there. */
export function credentialsOf({ headers, socket }: ServerStream): Credentials {
  const isKnown = socket instanceof TLSSocket && socket.authorized;
  return {
    authorization: headers.all('authorization'),
    clientId: isKnown ? clientIdOf(socket.getPeerX509Certificate()) : undefined,
  };
}
