import { createTracing, noTracing, type RpcMethods, type Tracing } from './tracing.js';

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

/** Starts tracing when it is wanted. The SDK is large, so it is loaded only then. */
export async function startTracing(env: NodeJS.ProcessEnv, methods: RpcMethods): Promise<Tracing> {
  if (!tracingWanted(env)) return noTracing;
  const { startSdk } = await import('./tracing-sdk.js');
  return createTracing(methods, startSdk());
}
