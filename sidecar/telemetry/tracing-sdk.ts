import { NodeSDK } from '@opentelemetry/sdk-node';

/** Starts OpenTelemetry's SDK as the standard environment variables say and returns how to stop it, which sends what is left. */
export function startSdk(): () => Promise<void> {
  const sdk = new NodeSDK({ serviceName: process.env['OTEL_SERVICE_NAME'] ?? 'jimini' });
  sdk.start();
  return () => sdk.shutdown();
}
