import type { LogHealth } from '../audit/audit-log.js';
import type { Breaker } from '../kernel/breaker.js';
import { JiminiError } from '../kernel/errors.js';
import { switchPlace } from '../kernel/switch.js';
import type { SwitchEvent } from '../kernel/switch-machine.js';
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

const SWITCH_NEWS = {
  begin: 'a switch is thrown',
  change: 'a switch that is thrown has changed',
  lift: 'a switch was taken out of the configuration',
  expire: 'a switch has ended; take it out of the configuration',
} as const;

/** Tells operators what becomes of kill switches and maintenance windows, whoever threw them. */
export function createSwitchReporter(logger: Logger): (event: SwitchEvent) => void {
  return ({ event, definition }) => {
    const until = new Date(definition.untilMs).toISOString();
    logger.warn({ switch: switchPlace(definition), reason: definition.reason, until }, SWITCH_NEWS[event]);
  };
}

/** Tells operators that what became of a switch cannot be noted or recorded. */
export function createSwitchFailureReporter(logger: Logger): (error: unknown) => void {
  return (error) => {
    const { code } = JiminiError.from(error);
    const what =
      'what became of a switch cannot be recorded; it is tried again, and a switch that would let more pass waits';
    logger.error({ code }, what);
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
