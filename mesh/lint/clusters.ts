import type { Report } from './checks.js';
import { messageOf, shortType } from './messages.js';
import { at, type Field, field, fieldsAt, listAt, type Place, type Tree, textAt } from './tree.js';

/** Finds Envoy clusters by name: those of a list called `clusters`, and typed ones. */
export function clusterOf(tree: Tree): Tree | undefined {
  const message = messageOf(tree);
  return message && shortType(message) === 'Cluster' ? message.body : undefined;
}

/** Checks the cluster that Jimini is reached by. What is found is reported in the file of the cluster. */
export function checkCluster(report: Report, cluster: Tree): void {
  const name = textAt(cluster, 'name') ?? '';
  if (!speaksHttp2(cluster)) report('cluster-http1', cluster, `cluster ${name} has no http2_protocol_options`);
  if (isEncrypted(cluster)) return;
  const remote = endpointsOf(cluster).find((address) => !isLocal(address));
  if (remote) report('remote-plaintext', remote, `cluster ${name} reaches ${hostOf(remote) ?? ''} without TLS`);
}

/** The cluster is not among those of the files. */
export function reportMissingCluster(report: Report, place: Field): void {
  report('cluster-missing', place, `${place.name} is ${textAt(place.value) ?? ''}, which no cluster is called`);
}

/** envoy/extensions/upstreams/http/v3/http_protocol_options.proto, or the older field of the cluster itself. */
function speaksHttp2(cluster: Tree): boolean {
  if (at(cluster, 'http2_protocol_options')) return true;
  return fieldsAt(cluster, 'typed_extension_protocol_options').some(({ value }) => {
    const options = messageOf(value)?.body;
    const explicit = at(options, 'explicit_http_config');
    return [
      at(explicit, 'http2_protocol_options'),
      at(explicit, 'http3_protocol_options'),
      at(options, 'auto_config'),
    ].some((found) => found !== undefined);
  });
}

function isEncrypted(cluster: Tree): boolean {
  if (listAt(cluster, 'transport_socket_matches').length > 0) return true;
  const socket = messageOf(at(cluster, 'transport_socket', 'typed_config'));
  return socket !== undefined && shortType(socket) !== 'RawBuffer';
}

function endpointsOf(cluster: Tree): (Tree & Place)[] {
  return listAt(cluster, 'load_assignment', 'endpoints').flatMap((locality) =>
    listAt(locality, 'lb_endpoints').flatMap((endpoint) => at(endpoint, 'endpoint', 'address') ?? []),
  );
}

function hostOf(address: Tree): string | undefined {
  return textAt(address, 'socket_address', 'address');
}

function isLocal(address: Tree): boolean {
  const host = hostOf(address);
  return host === undefined ? field(address, 'socket_address') === undefined : isLoopback(host);
}

/** Whether a host is this machine, or this pod. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?|\[?::ffff:127(\.\d{1,3}){3}\]?|unix:.*)$/i.test(host);
}
