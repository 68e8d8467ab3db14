import { constants } from 'node:os';
import { Command } from 'commander';
import { type UsableConfig, usable } from '../config/load.js';
import { systemClock } from '../kernel/clock.js';
import { createLogger } from '../telemetry/logger.js';
import type { CliIo } from './cli-io.js';
import { addConfigOptions, loadConfigOf } from './config-options.js';

/** `jimini serve`: the sidecar itself, until SIGTERM, SIGINT or SIGHUP. */
export function serveCommand(version: string, io: CliIo): Command {
  const command = new Command('serve')
    .description('Run the sidecar: data port (gRPC), control port (gRPC), ops port (HTTP).')
    .addHelpText(
      'after',
      '\nExamples:\n  jimini serve\n  jimini serve --config jimini.yaml --packs secrets,pii,./own.yaml' +
        '\n\nSIGTERM, SIGINT and SIGHUP drain and close in order; another one after a second ends at once.' +
        '\n\nExit codes: 0 closed in order, 2 it could not start.',
    );
  return addConfigOptions(command).action(() => serve(version, async () => usable(await loadConfigOf(command, io))));
}

async function serve(version: string, readConfig: () => Promise<UsableConfig>): Promise<void> {
  const loadedConfig = await readConfig();
  const { config } = loadedConfig;
  const logger = createLogger(config.logLevel);
  // From now on, so that a signal during the start does not leave an open log behind: it acts once the start is over.
  const signalled = firstSignal();
  // Only here: the other commands need not load all that serves.
  const { startSidecar } = await import('../main.js');
  const sidecar = await startSidecar({
    loadedConfig,
    readConfig,
    version,
    clock: systemClock,
    logger,
    env: process.env,
  });
  logger.info({ ...sidecar.addresses, dataDir: config.dataDir, packs: config.packs, version }, 'listening');
  const signal = await signalled;
  logger.info({ signal }, 'draining');
  await sidecar.close();
  logger.info('closed');
}

/**
 * Resolves at the first signal to end; a second one ends the process at once. Ctrl-C reaches every process of a terminal's
 * group, and the launchers above us pass it on: what comes with the first signal is the same one once more. SIGHUP says
 * that the terminal has gone.
 */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        const nowMs = performance.now();
        if (firstMs !== undefined && nowMs - firstMs > ECHO_MS) process.exit(128 + constants.signals[signal]);
        firstMs ??= nowMs;
        resolve(signal);
      });
    }
  });
}

/** How long after a signal another one counts as its echo. Longer than a loaded machine takes, shorter than patience. */
const ECHO_MS = 1000;
