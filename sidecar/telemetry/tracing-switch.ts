import { noTracing, type Tracing } from './tracing.js';

/**
 * Whether the standard OpenTelemetry environment asks for traces: an exporter or an endpoint is named and the SDK is
 * not disabled (OpenTelemetry specification, "Environment Variable Specification").
 */
function tracingWanted(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return false;
  return Boolean(
    env['OTEL_TRACES_EXPORTER'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'],
  );
}

/**
 * Starts tracing when it is wanted. Must run before anything imports `@grpc/grpc-js`: the instrumentation patches it
 * while it is being loaded.
 */
export async function startTracing(env: NodeJS.ProcessEnv): Promise<Tracing> {
  if (!tracingWanted(env)) return noTracing;
  const { startSdk } = await import('./tracing-sdk.js');
  const { createTracing } = await import('./tracing.js');
  return createTracing(startSdk());
}
