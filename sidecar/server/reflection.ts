import { ServerReflectionRequest, ServerReflectionResponse } from '../../proto/gen/grpc/reflection/v1/reflection.js';
import { assertNever } from '../kernel/assert-never.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import type { AdmittedCall } from './admitted-call.js';
import type { Conversation } from './call-rules.js';
import { decode } from './decode.js';
import { type DescriptorIndex, indexDescriptors } from './descriptor-index.js';
import { type StatusCode, status } from './grpc-status.js';

/** Full names of the two reflection services. Their messages are the same on the wire. */
export const REFLECTION_SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

type Reply = NonNullable<ServerReflectionResponse['messageResponse']>;

/**
 * gRPC server reflection over a serialised FileDescriptorSet. `services` is what it lists: the services of this server, not
 * those of the set. Faults are told in-band, as the protocol wants.
 */
export function reflection(
  descriptorSet: Uint8Array,
  services: readonly string[],
): (call: AdmittedCall) => Conversation {
  const index = indexDescriptors(descriptorSet);
  return (call) => new ReflectionStream(call, { index, services, sent: new Set() });
}

/** Answers one stream, one request after the other, and no faster than the caller reads. */
class ReflectionStream implements Conversation {
  readonly #call: AdmittedCall;
  readonly #known: Known;
  /** Requests that wait until the caller has read what was answered before. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #requests = 0;
  #hasEnded = false;
  #isAnswering = false;

  constructor(call: AdmittedCall, known: Known) {
    this.#call = call;
    this.#known = known;
  }

  onMessage(message: Buffer): void {
    this.#requests += 1;
    if (this.#requests > LIMITS.reflectionRequestsMax) this.#call.cut(TOO_MANY);
    else {
      this.#waiting.push(message);
      this.#waits(message.length + LIMITS.chunkOverheadBytes);
      this.#goOn();
    }
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#goOn();
  }

  /** Answers what waits as long as answers leave at once. */
  #goOn(): void {
    while (!this.#isAnswering) {
      const message = this.#waiting.shift();
      if (!message) break;
      this.#waits(-message.length - LIMITS.chunkOverheadBytes);
      this.#answer(message);
    }
    if (this.#hasEnded && !this.#isAnswering) this.#call.end();
  }

  #answer(message: Buffer): void {
    this.#isAnswering = true;
    let hasReturned = false;
    try {
      const request = decode(ServerReflectionRequest, message, () => {});
      const messageResponse = reply(request.messageRequest, this.#known);
      const response = { validHost: request.host, originalRequest: request, messageResponse };
      this.#call.send(ServerReflectionResponse.encode(response).finish(), () => {
        this.#isAnswering = false;
        if (hasReturned) this.#goOn();
      });
    } catch (error) {
      this.#call.cut(JiminiError.from(error));
    }
    hasReturned = true;
  }

  #waits(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#call.holds(this.#waitingBytes);
  }
}

const TOO_MANY = new JiminiError('JIMINI_OVERLOADED', 'too many requests on one stream');

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
    value: { fileDescriptorProto: wanted.map(({ bytes }) => bytes) },
  };
}

function fault(errorCode: StatusCode, errorMessage: string): Reply {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
