import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../proto/gen/health/v1/health.js';
import type { AdmittedCall } from './admitted-call.js';
import type { Serve } from './call-rules.js';
import { decode } from './decode.js';
import { type GrpcStatus, grpcStatusOf, status } from './grpc-status.js';

/** Full name of the standard health service. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

const NO_SERVICE: GrpcStatus = { code: status.NOT_FOUND, details: 'the server has no service of this name' };

/**
 * The standard health service (github.com/grpc/grpc, doc/health-checking.md): the process as `""` and each service by name, all
 * with the same answer. NOT_SERVING until told otherwise.
 */
export class Health {
  /** Methods with one answer. */
  readonly check: Serve = (message, call) => answer(call, () => this.#answerTo(serviceIn(message)));
  readonly list: Serve = (_, call) => answer(call, () => this.#listed());
  /** Answers now and at each change, until the caller has enough. A service that is not known may be some day, and is no error. */
  readonly watch: Serve = (message, call) => this.#watch(message, call);
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #serving: ServingStatus = ServingStatus.NOT_SERVING;

  constructor(services: readonly string[]) {
    this.#names = new Set(['', ...services]);
  }

  /** False is told to everybody who asks or watches. */
  setServing(serving: boolean): void {
    this.#serving = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    for (const watcher of this.#watchers) watcher.tell();
  }

  #statusOf(service: string): ServingStatus {
    return this.#names.has(service) ? this.#serving : ServingStatus.SERVICE_UNKNOWN;
  }

  #answerTo(service: string): Uint8Array | GrpcStatus {
    return this.#names.has(service) ? HealthCheckResponse.encode({ status: this.#serving }).finish() : NO_SERVICE;
  }

  #listed(): Uint8Array {
    const statuses = Object.fromEntries([...this.#names].map((name) => [name, { status: this.#serving }]));
    return HealthListResponse.encode({ statuses }).finish();
  }

  #watch(message: Uint8Array, call: AdmittedCall): void {
    try {
      const service = serviceIn(message);
      const watcher = new Watcher(call, () => this.#statusOf(service));
      this.#watchers.add(watcher);
      call.signal.addEventListener('abort', () => this.#watchers.delete(watcher));
      watcher.tell();
    } catch (error) {
      call.fail(grpcStatusOf(error));
    }
  }
}

/** Somebody who is told of changes. One who does not read misses those in between, so that nothing piles up for him. */
class Watcher {
  readonly #call: AdmittedCall;
  readonly #status: () => ServingStatus;
  #told: ServingStatus | undefined;
  #isTelling = false;

  constructor(call: AdmittedCall, status: () => ServingStatus) {
    this.#call = call;
    this.#status = status;
  }

  tell(): void {
    const status = this.#status();
    if (this.#isTelling || status === this.#told) return;
    this.#told = status;
    this.#isTelling = true;
    this.#call.send(HealthCheckResponse.encode({ status }).finish(), () => {
      this.#isTelling = false;
      this.tell();
    });
  }
}

function serviceIn(message: Uint8Array): string {
  return decode(HealthCheckRequest, message, () => {}).service;
}

function answer(call: AdmittedCall, made: () => Uint8Array | GrpcStatus): void {
  try {
    const result = made();
    if (result instanceof Uint8Array) {
      call.send(result);
      call.end();
    } else call.fail(result);
  } catch (error) {
    call.fail(grpcStatusOf(error));
  }
}
