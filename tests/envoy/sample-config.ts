import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repositoryRoot } from '../processes/sidecar.js';

// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has no types here; Envoy itself checks it
export type Json = any;
export interface EnvoyConfig {
  static_resources: { listeners: Json[]; clusters: Json[] };
}

/** A TCP port on 127.0.0.1, or a Unix socket. */
export type Place = { readonly port: number } | { readonly path: string };

/** A sample configuration that ships, as it is. */
export function sampleConfig(name = 'envoy.yaml'): EnvoyConfig {
  return parse(readFileSync(join(repositoryRoot, 'mesh', 'config', name), 'utf8')) as EnvoyConfig;
}

/** Where the listener and the clusters of a sample are, by name. */
export interface Places {
  readonly listen: Place;
  readonly jimini: Place;
  readonly llm?: Place;
}

/** A sample configuration with its addresses replaced, and nothing else. A listener on port 0 gets a free one. */
export function sampleConfigFor({ listen, ...clusters }: Places, file?: string): EnvoyConfig {
  const config = sampleConfig(file);
  config.static_resources.listeners[0].address = addressOf(listen);
  for (const [name, place] of Object.entries(clusters)) {
    const cluster = config.static_resources.clusters.find((candidate) => candidate.name === name);
    cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address = addressOf(place);
  }
  return config;
}

export function listenerNames(config: EnvoyConfig): string[] {
  return config.static_resources.listeners.map((listener) => listener.name);
}

/** The HTTP connection manager of the first listener, to be changed by a test. */
export function connectionManager(config: EnvoyConfig): Json {
  return config.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
}

/** The ext_authz filter of the first listener, to be changed by a test. */
export function extAuthz(config: EnvoyConfig): Json {
  const filters: Json[] = connectionManager(config).http_filters;
  return filters.find(({ name }) => name === 'envoy.filters.http.ext_authz').typed_config;
}

/** The one route of the first listener, to be changed by a test. */
export function route(config: EnvoyConfig): Json {
  return connectionManager(config).route_config.virtual_hosts[0].routes[0];
}

function addressOf(place: Place): Json {
  return 'path' in place
    ? { pipe: { path: place.path } }
    : { socket_address: { address: '127.0.0.1', port_value: place.port } };
}
