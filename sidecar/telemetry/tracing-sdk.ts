import { register } from 'node:module';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * Starts OpenTelemetry's SDK as the standard environment variables say and returns how to stop it, which sends what is left.
 * In ESM the instrumentation sees an import only through its loader hook, so the hook is registered first.
 */
export function startSdk(): () => Promise<void> {
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] ?? 'jimini',
    instrumentations: [new GrpcInstrumentation({ ignoreGrpcMethods: [/grpc\.health/, /ServerReflection/] })],
  });
  sdk.start();
  return () => sdk.shutdown();
}
