import type { LogHealth } from '../audit/audit-log.js';
import type { Logger } from '../telemetry/logger.js';

/** Tells operators when the log stops and starts taking records: every answer is a denial in between. */
export function createLogHealthReporter(logger: Logger): (health: LogHealth) => void {
  return (health) => {
    if (health.state === 'open') logger.info('the log takes records again');
    else {
      const { failedAttempts, error } = health;
      logger.error(
        { failedAttempts, code: error.code, problem: error.message },
        'the log cannot make records durable; denying',
      );
    }
  };
}
