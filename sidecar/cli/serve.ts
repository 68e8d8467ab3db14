import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import { startTracing } from '../telemetry/tracing-switch.js';

/** `jimini serve`: the sidecar itself. */
export function serveCommand(version: string): Command {
  void loadConfig;
  void systemClock;
  void JiminiError;
  void createLogger;
  void startTracing;
  void version;
  return new Command('serve');
}
export type { Logger };
