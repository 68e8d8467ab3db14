import { registerHooks } from 'node:module';
import test from 'ava';

test('with tracing off nothing of the SDK of OpenTelemetry is loaded', async (t) => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url);
      return next(url, context);
    },
  });
  await import('../../sidecar/main.js');
  const { startTracing } = await import('../../sidecar/telemetry/tracing-switch.js');
  for (const env of [
    {},
    { OTEL_SERVICE_NAME: 'jimini' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'True' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    await (await startTracing(env, {})).close();
  }
  hooks.deregister();
  t.true(
    loaded.some((url) => url.endsWith('/sidecar/telemetry/tracing-switch.js')),
    'the test sees what is loaded',
  );
  t.deepEqual(
    loaded.filter((url) => /@opentelemetry\/(?!api\/)/.test(url)),
    [],
  );
});
