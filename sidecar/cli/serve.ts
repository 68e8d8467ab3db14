import { Command } from 'commander';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { configError } from '../config/problem.js';
import { systemClock } from '../kernel/clock.js';
import { createLogger } from '../telemetry/logger.js';
import { startTracing } from '../telemetry/tracing-switch.js';

/** `jimini serve`: the sidecar itself, until SIGTERM or SIGINT. */
export function serveCommand(version: string): Command {
  return new Command('serve')
    .description('Run the sidecar: data port (gRPC), control port (gRPC), ops port (HTTP).')
    .option('--config <file>', 'configuration file (YAML); default: $JIMINI_CONFIG, else none')
    .addHelpText('after', '\nSIGTERM drains and closes in order; a second signal ends at once.\n')
    .action((options: { config?: string }) => serve(version, options.config));
}

async function serve(version: string, file: string | undefined): Promise<void> {
  const sources = { ...(file !== undefined && { file }), env: process.env, directory: process.cwd() };
  const read = async () => {
    const { config, problems, file: configFile } = await loadConfig(sources);
    if (!config) throw configError(problems);
    return { config, configFile };
  };
  const { config, configFile } = await read();
  const logger = createLogger(config.logLevel);
  const tracing = await startTracing(process.env);
  // Only now: whatever loads grpc-js must come after the instrumentation's hook.
  const { startSidecar } = await import('../main.js');
  const sidecar = await startSidecar({
    config,
    readConfig: async (): Promise<Config> => (await read()).config,
    ...(configFile !== undefined && { configFile }),
    version,
    clock: systemClock,
    logger,
    tracing,
  });
  logger.info({ ...sidecar.addresses, dataDir: config.dataDir, packs: config.packs, version }, 'listening');
  const signal = await firstSignal();
  logger.info({ signal }, 'draining');
  await sidecar.close();
  logger.info('closed');
}

/** Resolves at the first signal to end; a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (seen) process.exit(128 + (signal === 'SIGTERM' ? 15 : 2));
        seen = true;
        resolve(signal);
      });
    }
  });
}
