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
import { startSidecarProcess } from '../processes/sidecar.js';
import { needs } from '../tools/needs.js';
import { program, toolPath } from '../tools/programs.js';

const WAIT_MS = 20_000;

interface Span {
  readonly name: string;
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
  'the span of an evaluation is a child in the trace that Envoy began, with its attributes and without the prompt',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-trace-'));
    const collector = await startCollector(folder);
    const upstream = await startUpstream();
    const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), env: exporterTo(collector.port) });
    const [host = '', port] = sidecar.data.split(':');
    t.is(host, '127.0.0.1');
    const config = sampleConfigFor({
      listen: { port: 0 },
      jimini: { port: Number(port) },
      llm: { port: upstream.port },
    });
    connectionManager(config).tracing = openTelemetryTracing;
    config.static_resources.clusters.push(collectorCluster(collector.port));
    const envoy = await startEnvoy(config);
    try {
      const response = await fetch(`http://127.0.0.1:${envoy.port}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': '7d1a3c9e-5b55-4e7e-9b7e-000000000001' },
        body: chatBodyOf('my card is 4111 1111 1111 1111, and a canary-phrase-8472'),
      });
      t.is(response.status, 403);
      const own = await collector.span('jimini.evaluate');
      const ingress = await collector.span('ingress', own.traceId).catch(() => undefined);
      const parent = collector.spans().find((span) => span.id === own.parentId);
      t.truthy(parent, 'the parent span is in the same receiver');
      t.is(parent?.traceId, own.traceId);
      t.true(
        ingress !== undefined || collector.spans().some((span) => span.traceId === own.traceId && span.parentId === ''),
      );
      t.regex(own.attributes, /jimini\.endpoint: Str\(\/v1\/chat\/completions\)/);
      t.regex(own.attributes, /jimini\.decision: Str\(BLOCK\)/);
      t.regex(own.attributes, /jimini\.rule_ids: Slice\(\["[A-Z]/);
      t.regex(own.attributes, /jimini\.text_length: Int\(\d+\)/);
      t.regex(own.attributes, /jimini\.request_id: Str\(.+\)/);
      t.regex(own.attributes, /jimini\.latency_ms: Double\([\d.]+\)/);
      t.notRegex(collector.output(), /canary-phrase-8472|4111 1111/);
    } finally {
      await envoy.stop();
      await sidecar.stop();
      await upstream.close();
      await collector.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

needs(program('otelcol'))(
  'without trace context in gRPC metadata the traceparent of the checked request is the parent',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'jimini-trace-'));
    const collector = await startCollector(folder);
    const sidecar = await startSidecarProcess({ dataDir: join(folder, 'data'), env: exporterTo(collector.port) });
    const client = connect(sidecar.data);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    try {
      const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
      await client.check(checkRequestBytes({ body: chatBodyOf('hello'), headers: { traceparent } }));
      const own = await collector.span('jimini.evaluate');
      t.is(own.traceId, traceId);
      t.is(own.parentId, '00f067aa0ba902b7');
    } finally {
      client.close();
      await sidecar.stop();
      await collector.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

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
