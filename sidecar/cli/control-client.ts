import { resolve } from 'node:path';
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { isLocal, parseListenAddress } from '../config/listen-address.js';
import { readPrivateFile, readProtectedFile, readSecretFile, type Unreadable } from '../config/read-file.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import type { LogIo } from './log-options.js';

/** How a connection is secured. */
export interface TlsFlags {
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
}

/** A control port, and how to get in. */
export interface RemotePlace extends TlsFlags {
  readonly address: string;
}

/** How a message is written or read. */
export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** A connection to a control port. Calls reject with the error of grpc-js. */
export interface ControlClient {
  unary<Q, A>(path: string, request: Codec<Q>, answer: Codec<A>, message: Q): Promise<A>;
  stream<Q, A>(path: string, request: Codec<Q>, answer: Codec<A>, message: Q): ClientReadableStream<A>;
}

/**
 * Connects, lets `work` ask, and closes. Rejects with `JIMINI_USAGE` when the options do not fit, or the sidecar cannot be
 * asked or refuses.
 */
export async function withControlClient<T>(
  place: RemotePlace,
  io: LogIo,
  work: (client: ControlClient) => Promise<T>,
): Promise<T> {
  if (!ADDRESS.test(place.address)) throw new JiminiError('JIMINI_USAGE', '--address: expected HOST:PORT or unix:PATH');
  const metadata = await metadataOf(place, io);
  const client = new Client(place.address, await channelOf(place, io), CHANNEL_OPTIONS);
  try {
    return await work(asControlClient(client, metadata));
  } catch (error) {
    throw typeof (error as Partial<ServiceError>).code === 'number' ? unanswered(place.address, error) : error;
  } finally {
    client.close();
  }
}

function asControlClient(client: Client, metadata: Metadata): ControlClient {
  const bytesOf =
    <Q>(request: Codec<Q>) =>
    (message: Q) =>
      Buffer.from(request.encode(message).finish());
  return {
    unary: (path, request, answer, message) =>
      new Promise((done, fail) =>
        client.makeUnaryRequest(
          path,
          bytesOf(request),
          (bytes) => answer.decode(bytes),
          message,
          metadata,
          {},
          (error: ServiceError | null, value) => (value === undefined ? fail(error) : done(value)),
        ),
      ),
    stream: (path, request, answer, message) =>
      client.makeServerStreamRequest(path, bytesOf(request), (bytes) => answer.decode(bytes), message, metadata),
  };
}

/** A name or an address, and a port: what else gRPC takes for a target (`dns:`, `xds:`) is not meant. */
const ADDRESS = /^(?:unix:.+|(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5})$/i;

/** A proxy of the environment would see the token; a peer that vanished is found. */
const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.keepalive_time_ms': LIMITS.keepaliveMs,
  'grpc.keepalive_timeout_ms': LIMITS.keepaliveTimeoutMs,
};

/** Without a token only the certificate counts. */
async function metadataOf({ cert }: RemotePlace, io: LogIo): Promise<Metadata> {
  const metadata = new Metadata();
  const file = io.env['JIMINI_TOKEN_FILE'];
  if (file) metadata.set('authorization', `Bearer ${textOf(file, await readSecretFile(resolve(io.directory, file)))}`);
  else if (cert === undefined) {
    throw new JiminiError('JIMINI_USAGE', 'expected JIMINI_TOKEN_FILE, a file with a token, or --cert with --cert-key');
  }
  return metadata;
}

async function channelOf({ address, ca, cert, certKey }: RemotePlace, io: LogIo): Promise<ChannelCredentials> {
  if ((cert === undefined) !== (certKey === undefined)) {
    throw new JiminiError('JIMINI_USAGE', 'give --cert and --cert-key together');
  }
  if (ca === undefined) {
    if (cert !== undefined) throw new JiminiError('JIMINI_USAGE', '--cert has no effect without --ca');
    const parsed = parseListenAddress(address);
    if (typeof parsed === 'object' && isLocal(parsed)) return credentials.createInsecure();
    throw new JiminiError('JIMINI_USAGE', 'a token is sent to another machine over TLS only: give --ca');
  }
  const read = async (file: string, reader: typeof readPrivateFile) =>
    Buffer.from(textOf(file, await reader(resolve(io.directory, file))));
  const roots = await read(ca, readProtectedFile);
  if (cert === undefined || certKey === undefined) return credentials.createSsl(roots);
  return credentials.createSsl(roots, await read(certKey, readPrivateFile), await read(cert, readProtectedFile));
}

function textOf(file: string, text: string | Unreadable): string {
  if (typeof text === 'string') return text;
  throw new JiminiError('JIMINI_USAGE', `${file}: ${text.reason}`);
}

function unanswered(address: string, error: unknown): JiminiError {
  const { code, details } = error as ServiceError;
  const said = printable(String(details), LIMITS.messageCharsMax);
  return new JiminiError('JIMINI_USAGE', `${address}: ${status[code]}: ${said}`, { cause: error });
}
