import type { LogHealth } from '../audit/audit-log.js';
import type { Breaker } from '../kernel/breaker.js';
import { JiminiError } from '../kernel/errors.js';
import type { Logger } from '../telemetry/logger.js';

/** Tells operators when the log stops and starts taking records: every answer is a denial in between. */
export function createLogHealthReporter(logger: Logger): (health: LogHealth) => void {
  return (health) => {
    if (health.state === 'open') {
      logger.info('the log takes records again');
      return;
    }
    const { failedAttempts, error } = health;
    const problem = { failedAttempts, code: error.code, problem: error.message };
    logger.error(problem, 'the log cannot make records durable; every answer is a denial');
  };
}

/** Tells operators when a classifier is left alone and when it answers again. A probe in between is no news. */
export function createBreakerReporter(logger: Logger): (classifier: string, state: Breaker['state']) => void {
  return (classifier, state) => {
    if (state === 'open') logger.warn({ classifier }, 'the classifier fails and is left alone; its onFailure decides');
    if (state === 'closed') logger.info({ classifier }, 'the classifier answers again');
  };
}

/**
 * Tells of faults of our own with their stack. What a caller did wrong has been answered and is no line here: anybody could
 * fill the log with it.
 */
export function createFaultReporter(logger: Logger): (error: unknown) => void {
  return (error) => {
    const { code, cause } = JiminiError.from(error);
    if (code === 'JIMINI_INTERNAL') logger.error({ err: cause ?? error }, 'unexpected error');
  };
}
