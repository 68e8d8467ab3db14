import { readCheck } from '../../mesh/ext-authz/read-check.js';
import { CheckRequest } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import { loadConfig, usable } from '../../sidecar/config/load.js';
import { apiPathLabel } from '../../sidecar/content/api-path-label.js';
import { readRequestPath } from '../../sidecar/content/request-path.js';
import { inspect } from '../../sidecar/inspection/inspect.js';
import type { Judgement } from '../../sidecar/kernel/evaluation.js';
import { loadPolicy } from '../../sidecar/wiring/load-policy.js';
import type { WireRequest } from './wire-request.js';

/** Says what the ext_authz door and the default configuration with one more pack make of a request. */
export async function createDoor(pack: string): Promise<(request: WireRequest) => Judgement> {
  const config = await loadConfig({
    env: { JIMINI_PACKS: `secrets,pii,pci,injection,${pack}` },
    flags: new Map(),
    directory: process.cwd(),
  });
  const { snapshot, requiredPacks, routeOf } = await loadPolicy(usable(config));
  const settings = {
    requiredPacks,
    trustedHeaders: new Set<string>(),
    tenant: '',
    tenantOf: () => '',
    tellsReasons: true,
    routeOf,
    readPath: readRequestPath,
    pathLabel: apiPathLabel,
  };
  return (request) => {
    const { evaluation } = readCheck(checkOf(request), settings);
    return inspect(snapshot, { evaluation, nowMs: Date.UTC(2026, 0, 1) });
  };
}

/** The check that Envoy sends for a request: repeated headers joined, and a mark where it buffered a body. */
function checkOf({ method, path, headers, body }: WireRequest): Uint8Array {
  const joined = new Map<string, string>();
  if (body.length > 0) {
    joined.set('content-length', String(body.length));
    joined.set('x-envoy-auth-partial-body', 'false');
  }
  for (const name of new Set(headers.map(([name]) => name))) {
    const values = headers.filter(([other]) => other === name).map(([, value]) => value);
    joined.set(name, values.join(','));
  }
  return CheckRequest.encode(
    CheckRequest.fromPartial({
      attributes: {
        contextExtensions: { 'jimini.direction': 'inbound' },
        request: {
          http: {
            id: '1',
            method,
            path,
            host: 'llm.example',
            scheme: 'https',
            protocol: 'HTTP/1.1',
            size: BigInt(body.length),
            headers: { ':method': method, ':path': path, ...Object.fromEntries(joined) },
            rawBody: body,
          },
        },
      },
    }),
  ).finish();
}
