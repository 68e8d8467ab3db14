import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** Full name of the standard health service. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

/** The standard health service: the process as `""` and each service by name, all with the same answer. */
export interface Health {
  /** False is told to everybody who asks or watches. */
  setServing(serving: boolean): void;
}

/** Adds grpc.health.v1 to a server. NOT_SERVING until told otherwise. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ['', ...services];
  const health = new HealthImplementation();
  let told: boolean | undefined;
  const setServing = (serving: boolean) => {
    if (serving === told) return; // the library tells watchers again
    told = serving;
    for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  setServing(false);
  health.addToServer(server);
  return { setServing };
}
