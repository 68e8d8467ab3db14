import { once } from 'node:events';
import { type Server, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { ServerReflectionRequest, ServerReflectionResponse } from '../../proto/gen/grpc/reflection/v1/reflection.js';
import { assertNever } from '../kernel/assert-never.js';
import { LIMITS } from '../kernel/limits.js';
import { type DescriptorIndex, indexDescriptors } from './descriptor-index.js';
import { asBuffer } from './unary-method.js';

/** Full names of the two reflection services. Their messages are the same on the wire. */
export const REFLECTION_SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

type Reply = NonNullable<ServerReflectionResponse['messageResponse']>;
type ReflectionCall = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

/**
 * Adds gRPC server reflection (v1 and v1alpha) over a serialised FileDescriptorSet. `services` is what it lists: the
 * services of this server, not those of the set. Faults are told in-band, as the protocol wants.
 */
export function addReflection(server: Server, descriptorSet: Uint8Array, services: readonly string[]): void {
  const index = indexDescriptors(descriptorSet);
  const serialize = (response: ServerReflectionResponse) =>
    asBuffer(ServerReflectionResponse.encode(response).finish());
  for (const service of REFLECTION_SERVICES) {
    server.register(
      `/${service}/ServerReflectionInfo`,
      ((call: ReflectionCall) => void serve(call, index, services)) as never,
      serialize as never,
      ((bytes: Buffer) => ServerReflectionRequest.decode(bytes)) as never,
      'bidi',
    );
  }
}

/** Answers one stream, one request after the other, and no faster than the caller reads. */
async function serve(call: ReflectionCall, index: DescriptorIndex, services: readonly string[]): Promise<void> {
  const sent = new Set<string>();
  let requests = 0;
  try {
    // Leaving the loop must not destroy the stream: its status would not be sent while an answer waits to be written.
    for await (const request of call.iterator({ destroyOnReturn: false })) {
      requests += 1;
      if (requests > LIMITS.reflectionRequestsMax) break;
      const messageResponse = reply(request.messageRequest, { index, services, sent });
      const response = { validHost: request.host, originalRequest: request, messageResponse };
      if (!call.write(response)) await Promise.race([once(call, 'drain'), once(call, 'close')]);
    }
    if (requests <= LIMITS.reflectionRequestsMax) call.end();
    else call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'too many requests on one stream' });
  } catch {
    // The caller went away in the middle: there is nobody to tell.
    call.destroy();
  }
}

interface Known {
  readonly index: DescriptorIndex;
  readonly services: readonly string[];
  /** Files that this stream has been sent: imports are not sent twice. */
  readonly sent: Set<string>;
}

function reply(request: ServerReflectionRequest['messageRequest'], known: Known): Reply {
  if (!request) return fault(status.INVALID_ARGUMENT, 'the request asks for nothing that is known');
  switch (request.$case) {
    case 'fileByFilename':
      return files(request.value, known);
    case 'fileContainingSymbol':
      return files(known.index.fileOfSymbol(request.value), known);
    case 'fileContainingExtension':
      return files(known.index.fileOfExtension(request.value.containingType, request.value.extensionNumber), known);
    case 'allExtensionNumbersOfType': {
      const extensionNumber = known.index.extensionNumbers(request.value);
      if (!extensionNumber) return fault(status.NOT_FOUND, 'no such message type');
      const value = { baseTypeName: request.value, extensionNumber: [...extensionNumber] };
      return { $case: 'allExtensionNumbersResponse', value };
    }
    case 'listServices':
      return {
        $case: 'listServicesResponse',
        value: { service: known.services.map((name) => ({ name })).sort(byName) },
      };
    default:
      return assertNever(request);
  }
}

function files(fileName: string | undefined, { index, sent }: Known): Reply {
  const found = fileName === undefined ? undefined : index.fileWithImports(fileName);
  if (!found) return fault(status.NOT_FOUND, 'no such file, symbol or extension');
  // The file that was asked for is always sent, imports once per stream.
  const wanted = found.filter((file, position) => position === 0 || !sent.has(file.name));
  for (const { name } of wanted) sent.add(name);
  return {
    $case: 'fileDescriptorResponse',
    value: { fileDescriptorProto: wanted.map(({ bytes }) => asBuffer(bytes)) },
  };
}

function fault(errorCode: status, errorMessage: string): Reply {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
