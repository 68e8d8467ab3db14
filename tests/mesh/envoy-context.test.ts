import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chain, type ChainOptions, startChain } from '../envoy/chain.js';
import { connectionManager, type EnvoyConfig, extAuthz, route } from '../envoy/sample-config.js';
import { needs } from '../tools/needs.js';
import { program } from '../tools/programs.js';

const testEnvoy = needs(program('envoy'));

async function withChain(options: ChainOptions, body: (chain: Chain) => Promise<void>): Promise<void> {
  const chain = await startChain(options);
  try {
    await body(chain);
  } finally {
    await chain.stop();
  }
}

function routeSays(config: EnvoyConfig, words: object): void {
  extAuthz(config).route_metadata_context_namespaces = ['jimini'];
  route(config).metadata = { filter_metadata: { jimini: words } };
}

/** A filter before ours that writes metadata of the request. */
function filterSays(config: EnvoyConfig, words: object): void {
  extAuthz(config).metadata_context_namespaces = ['jimini'];
  connectionManager(config).http_filters.unshift({
    name: 'envoy.filters.http.set_metadata',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config',
      metadata: [{ metadata_namespace: 'jimini', value: words }],
    },
  });
}

testEnvoy('the metadata of the route names tenant, endpoint and packs', async (t) => {
  const edit = (config: EnvoyConfig) => routeSays(config, { tenant: 'acme', endpoint: 'chat', packs: ['pii', 'pci'] });
  await withChain({ edit }, async ({ url, evaluations }) => {
    await fetch(`${url}/v1/models`, { headers: { 'jimini.tenant': 'evil', 'x-jimini-tenant': 'evil' } });
    t.like(evaluations[0], { tenant: 'acme', endpoint: 'chat', packs: ['pii', 'pci', 'secrets'], gaps: [] });
  });
});

testEnvoy('the metadata of the route goes before that of the request, which goes before nothing', async (t) => {
  const edit = (config: EnvoyConfig) => {
    filterSays(config, { tenant: 'of request', endpoint: 'chat' });
    routeSays(config, { tenant: 'of route' });
  };
  await withChain({ edit }, async ({ url, evaluations }) => {
    await fetch(`${url}/v1/models`);
    t.like(evaluations[0], { tenant: 'of route', endpoint: 'chat', gaps: [] });
  });
});

testEnvoy('a word in the metadata that nobody knows denies', async (t) => {
  const edit = (config: EnvoyConfig) => filterSays(config, { tenants: 'acme' });
  await withChain({ edit }, async ({ url, evaluations }) => {
    t.is((await fetch(`${url}/v1/models`)).status, 403);
    t.deepEqual(evaluations[0]?.gaps, [{ kind: 'config:context' }]);
  });
});

const PRINCIPAL = 'spiffe://cluster.local/ns/acme/sa/app';

/** A certificate that signs itself, for the server and the client alike, with a SPIFFE id. */
function certificate(folder: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=app', '-addext', `subjectAltName=URI:${PRINCIPAL}`, '-days', '2'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject];
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}

const openssl = {
  name: 'openssl',
  missing: () => {
    try {
      execFileSync('openssl', ['version'], { stdio: 'ignore' });
      return undefined;
    } catch {
      return 'not found';
    }
  },
};

needs(program('envoy'), openssl)(
  'the principal of the client has its tenant, where nothing else names one',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'jimini-principal-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const { cert, key } = certificate(folder);
    const edit = (config: EnvoyConfig) => {
      const pair = { certificate_chain: { filename: cert }, private_key: { filename: key } };
      config.static_resources.listeners[0].filter_chains[0].transport_socket = {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
          require_client_certificate: true,
          common_tls_context: {
            alpn_protocols: ['h2'],
            tls_certificates: [pair],
            validation_context: { trusted_ca: { filename: cert } },
          },
        },
      };
    };
    const tenantOf = (principal: string) => (principal === PRINCIPAL ? 'acme' : 'nobody');
    await withChain({ edit, settings: { tenantOf } }, async ({ envoy, evaluations }) => {
      const [own, secret] = [readFileSync(cert), readFileSync(key)];
      const tls = { ca: own, cert: own, key: secret, rejectUnauthorized: false };
      const session = connect(`https://127.0.0.1:${envoy.port}`, tls);
      const request = session.request({ ':path': '/v1/models' });
      await once(request, 'response');
      session.destroy();
      t.like(evaluations[0], { tenant: 'acme', gaps: [] });
    });
  },
);
