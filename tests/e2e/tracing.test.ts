import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvoy } from '../envoy/envoy.js';
import { connectionManager, sampleConfigFor } from '../envoy/sample-config.js';
import { startUpstream } from '../envoy/upstream.js';
import { chatBodyOf, checkRequestBytes, connect } from '../processes/client.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';

const WAIT_MS = 20_000;

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  readonly attributes: string;
}

/** A real OpenTelemetry collector that prints what it receives. */
async function startCollector(folder: string) {
  const port = await freePort();
  const config = join(folder, 'collector.yaml');
  await writeFile(
    config,
    `receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:${port}}}}}
exporters: {debug: {verbosity: detailed}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}\n`,
  );
  const child: ChildProcess = spawn(toolPath('otelcol') ?? '', ['--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  const until = async <T>(ask: () => T | undefined): Promise<T> => {
    for (
      const endMs = Date.now() + WAIT_MS;
      Date.now() < endMs;
      await new Promise((resolve) => setTimeout(resolve, 50))
    ) {
      const answer = ask();
      if (answer !== undefined) return answer;
    }
    throw new Error(`the collector did not get it in time: ${output.slice(-3000)}`);
  };
  await until(() => (output.includes('Everything is ready') ? true : undefined));
  return {
    port,
    /** Waits for a span of this name. */
    span: (name: string, traceId?: string) =>
      until(() =>
        spansOf(output).find((span) => span.name === name && (traceId === undefined || span.traceId === traceId)),
      ),
    spans: () => spansOf(output),
    output: () => output,
    async stop() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function spansOf(output: string): Span[] {
  return output
    .split(/^Span #\d+$/m)
    .slice(1)
    .map((text) => {
      const field = (name: string) => new RegExp(`^ +${name} +: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
      return {
        name: field('Name'),
        kind: field('Kind'),
        traceId: field('Trace ID'),
        id: field('ID'),
        parentId: field('Parent ID'),
        attributes: text,
      };
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

needs(program('otelcol'), program('envoy'))(
  "an evaluation is a server span whose parent is Envoy's span of its check, with what was decided and without the prompt",
  async (t) => {
    const { collector, sidecar, stop } = await startTraced();
    const upstream = await startUpstream();
    const config = sampleConfigFor({
      listen: { port: 0 },
      jimini: { port: Number(sidecar.data.split(':')[1]) },
      llm: { port: upstream.port },
    });
    connectionManager(config).tracing = openTelemetryTracing;
    config.static_resources.clusters.push(collectorCluster(collector.port));
    const envoy = await startEnvoy(Object.assign(config, { layered_runtime: spansAtOnce }));
    try {
      const response = await fetch(`http://127.0.0.1:${envoy.port}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': '7d1a3c9e-5b55-4e7e-9b7e-000000000001' },
        body: chatBodyOf('my card is 4111 1111 1111 1111, and a canary-phrase-8472'),
      });
      t.is(response.status, 403);
      const own = await collector.span('jimini.evaluate');
      const check = await collector.span('async envoy.service.auth.v3.Authorization.Check egress');
      const ingress = await collector.span('ingress');
      t.like(own, { kind: 'Server', traceId: ingress.traceId, parentId: check.id });
      t.like(check, { kind: 'Client', traceId: ingress.traceId, parentId: ingress.id });
      t.is(ingress.parentId, '');
      t.regex(own.attributes, /rpc\.system\.name: Str\(grpc\)/);
      t.regex(own.attributes, /rpc\.method: Str\(envoy\.service\.auth\.v3\.Authorization\/Check\)/);
      t.regex(own.attributes, /jimini\.endpoint: Str\(\/v1\/chat\/completions\)/);
      t.regex(own.attributes, /jimini\.decision: Str\(BLOCK\)/);
      t.regex(own.attributes, /jimini\.rule_ids: Slice\(\["[A-Z]/);
      t.regex(own.attributes, /jimini\.text_length: Int\(\d+\)/);
      t.regex(own.attributes, /jimini\.request_id: Str\(.+\)/);
      t.regex(own.attributes, /jimini\.latency_ms: Double\([\d.]+\)/);
      t.notRegex(collector.output(), /canary-phrase-8472|4111 1111/);
    } finally {
      await envoy.stop();
      await upstream.close();
      await stop();
    }
  },
);

needs(program('otelcol'))(
  'a parent comes from the metadata of the call, else from the checked request, and there is one span for each evaluation',
  async (t) => {
    const { collector, sidecar, stop } = await startTraced();
    const client = connect(sidecar.data);
    const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', id: '00f067aa0ba902b7' };
    const proxy = { traceId: '0af7651916cd43dd8448eb211c80319c', id: 'b7ad6b7169203331' };
    const application = { traceId: '1bf92f3577b34da6a3ce929d0e0e4731', id: '11f067aa0ba902b1' };
    const check = checkRequestBytes({ body: chatBodyOf('hello'), headers: traceHeaders(caller) });
    try {
      await client.health();
      await client.listRules();
      await client.check(check);
      await client.check(check, traceHeaders(proxy));
      await client.evaluate({ text: 'canary-phrase-8472' }, traceHeaders(application));
      for (const parent of [caller, proxy, application]) {
        const own = await collector.span('jimini.evaluate', parent.traceId);
        t.like(own, { kind: 'Server', parentId: parent.id });
      }
      await client.evaluate({ text: 'canary-phrase-8472' });
    } finally {
      client.close();
      await stop();
    }
    const traceIds = collector.spans().map(({ traceId }) => traceId);
    t.deepEqual(traceIds.slice(0, 3), [caller.traceId, proxy.traceId, application.traceId]);
    t.is(traceIds.length, 4, 'the last one is sent at the end, and neither health nor ListRules makes one');
    t.is(collector.spans().at(-1)?.parentId, '');
    t.regex(collector.output(), /rpc\.method: Str\(jimini\.v1\.PolicyService\/Evaluate\)/);
    t.notRegex(collector.output(), /canary-phrase-8472/);
  },
);

/** A sidecar and the collector that it sends to. */
async function startTraced() {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-trace-'));
  const collector = await startCollector(folder);
  const env = { ...FEW_RULES, ...exporterTo(collector.port) };
  const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), env });
  return {
    collector,
    sidecar,
    async stop() {
      await sidecar.stop();
      await collector.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function traceHeaders({ traceId, id }: Pick<Span, 'traceId' | 'id'>): Record<string, string> {
  return { traceparent: `00-${traceId}-${id}-01` };
}

function exporterTo(port: number): Record<string, string> {
  return {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
}

const openTelemetryTracing = {
  random_sampling: { value: 100 },
  provider: {
    name: 'envoy.tracers.opentelemetry',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
      grpc_service: { envoy_grpc: { cluster_name: 'collector' }, timeout: '1s' },
      service_name: 'envoy',
    },
  },
};

/** Envoy keeps spans for five seconds otherwise. */
const spansAtOnce = {
  layers: [{ name: 'tests', static_layer: { 'tracing.opentelemetry.min_flush_spans': 1 } }],
};

function collectorCluster(port: number) {
  return {
    name: 'collector',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'collector',
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
      ],
    },
  };
}
