import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TlsIdentity } from '../config/tls-files.js';
import { LIMITS } from '../kernel/limits.js';
import { withActiveEscaped } from '../kernel/printable.js';
import { type ListenOptions, listen } from './listen.js';
import { type TlsTerms, tlsOptions, withBoundedHandshakes } from './tls-listener.js';

/** What the operations port tells; each is asked anew for every request. */
export interface OpsSources {
  /** The metrics page. */
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
  /** State of the parts of the process as a JSON object; `ok: false` is told with status 503. */
  readonly health: () => { ok: boolean; [part: string]: unknown };
  /** Why the process should get no traffic now; empty = ready. */
  readonly notReady: () => readonly string[];
  /** A source failed. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** TLS of the operations port. No client certificate is asked for: probes and scrapers seldom have one. */
export type OpsTls = Pick<TlsTerms, 'identity' | 'onRefused'>;

/** The operations HTTP server: metrics, health and probes. Opens and closes once. */
export interface OpsServer {
  /** Binds and resolves to the bound address. Rejects with JIMINI_LISTEN_REFUSED. */
  listen(options: ListenOptions): Promise<string>;
  /** See `TlsListener.renew`; without TLS nothing happens. */
  renew(identity: TlsIdentity): void;
  /** Cuts what is left: probes and scrapers ask again. Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** See `OpsServer`. One request per connection, so that scrapers and probes cannot hoard connections. */
export function createOpsServer(sources: OpsSources, tls?: OpsTls): OpsServer {
  const pages = pagesOf(sources);
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response, { pages, onError: sources.onError });
  const secureServer = tls && createSecureServer({ ...SERVER_OPTIONS, ...tlsOptions(tls.identity) }, answer);
  const secured = tls && secureServer && withBoundedHandshakes(secureServer, LIMITS.opsConnectionsMax, tls.onRefused);
  const server = secureServer ?? createServer(SERVER_OPTIONS, answer);
  server.maxConnections = LIMITS.opsConnectionsMax;
  server.setTimeout(LIMITS.opsRequestMsMax); // also ends a caller that does not read its answer
  return {
    listen: (where) => listen(server, where),
    renew: (identity) => secured?.renew(identity),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      secured?.cut();
      await closed;
    },
  };
}

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: LIMITS.opsHeaderBytesMax,
  headersTimeout: LIMITS.opsRequestMsMax,
  requestTimeout: LIMITS.opsRequestMsMax,
  connectionsCheckingInterval: 1000,
};

type Pages = ReadonlyMap<string, () => Answer | Promise<Answer>>;

function pagesOf({ metrics, health, notReady }: OpsSources): Pages {
  const metricsPage = async () => ({ status: 200, ...(await metrics()) });
  const healthPage = () => {
    const state = health();
    return {
      status: state.ok ? 200 : 503,
      contentType: 'application/json',
      body: `${withActiveEscaped(JSON.stringify(state))}\n`,
    };
  };
  const readyPage = () => {
    const reasons = notReady();
    return reasons.length === 0 ? text(200, 'ready') : text(503, reasons.join('\n'));
  };
  return new Map<string, () => Answer | Promise<Answer>>([
    ['/metrics', metricsPage],
    ['/v1/metrics/prom', metricsPage],
    ['/health', healthPage],
    ['/livez', () => text(200, 'alive')],
    ['/readyz', readyPage],
  ]);
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { pages, onError }: { pages: Pages; onError: (error: unknown) => void },
): Promise<void> {
  response.on('error', () => {}); // the caller went away; there is nobody to tell
  const [path = ''] = (request.url ?? '').split('?', 1);
  const page = pages.get(path);
  let answer: Answer;
  try {
    if (!page) answer = text(404, 'not found');
    else if (request.method !== 'GET' && request.method !== 'HEAD') answer = text(405, 'only GET and HEAD');
    else answer = await page();
  } catch (error) {
    onError(error);
    answer = text(500, 'internal error');
  }
  send(response, answer, request.method === 'HEAD');
}

function send(response: ServerResponse, { status, contentType, body }: Answer, headOnly: boolean): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(headOnly ? undefined : body);
}

function text(status: number, line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
