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
  const soon = oneInATurn();
  return (call) => new ReflectionStream(call, { index, services, sent: new Set(), soon });
}

/**
 * Calls what it is given later, until one of them says that it has done something in this turn of the event loop: an answer may
 * take half a millisecond, and one read of a socket bring hundreds of requests.
 */
function oneInATurn(): (task: () => boolean) => void {
  const tasks: (() => boolean)[] = [];
  let isDue = false;
  const schedule = () => {
    if (isDue || tasks.length === 0) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      while (tasks.length > 0) if (tasks.shift()?.()) break;
      schedule();
    });
  };
  return (task) => {
    tasks.push(task);
    schedule();
  };
}

/** Answers one stream, one request after the other, and no faster than the caller reads. */
class ReflectionStream implements Conversation {
  readonly #call: AdmittedCall;
  readonly #known: Known;
  /** Requests that wait until the caller has read what was answered before. */
  readonly #waiting: Buffer[] = [];
  /** Of these, and of an answer that is not read: imports make it a few hundred kilobytes. */
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

  /** Answers what has waited longest, unless an answer is under way. */
  #goOn(): void {
    if (this.#isAnswering) return;
    const message = this.#waiting.shift();
    if (message) {
      this.#isAnswering = true;
      this.#known.soon(() => this.#answer(message));
    } else if (this.#hasEnded) this.#call.end();
  }

  /** False when nobody would get the answer. */
  #answer(message: Buffer): boolean {
    if (this.#call.signal.aborted) return false;
    try {
      const request = decode(ServerReflectionRequest, message, () => {});
      const messageResponse = reply(request.messageRequest, this.#known);
      const response = { validHost: request.host, originalRequest: request, messageResponse };
      this.#send(ServerReflectionResponse.encode(response).finish(), message.length + LIMITS.chunkOverheadBytes);
    } catch (error) {
      this.#call.cut(JiminiError.from(error));
    }
    return true;
  }

  #send(answer: Uint8Array, requestBytes: number): void {
    this.#waits(answer.length - requestBytes);
    this.#call.send(answer, () => {
      this.#isAnswering = false;
      this.#waits(-answer.length);
      this.#goOn();
    });
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
  /** See `oneInATurn`. */
  readonly soon: ReturnType<typeof oneInATurn>;
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
