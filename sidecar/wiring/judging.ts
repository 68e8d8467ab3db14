import { randomBytes } from 'node:crypto';
import { createModerators, type Moderators } from '../../adapters/moderators/moderators.js';
import { createInspector, type Inspector } from '../inspection/inspector.js';
import type { Clock } from '../kernel/clock.js';
import type { ClassifierOutcome } from '../telemetry/classifier-series.js';
import type { Logger } from '../telemetry/logger.js';
import type { LoadedPolicy } from './load-policy.js';
import { createBreakerReporter } from './reporters.js';

/** What judges by one policy at a time: rules, and the classifiers that they ask. */
export interface Judging {
  readonly inspector: Inspector;
  readonly moderators: Moderators;
  /** See `Inspector.prepare`, the settings of classifiers included. */
  prepare(loaded: LoadedPolicy): Promise<() => void>;
}

/** By what it judges first, and who is told of classifiers. */
export interface JudgingOptions {
  readonly loaded: LoadedPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A question to a classifier has ended. */
  readonly onClassified: (classifier: string, outcome: ClassifierOutcome) => void;
}

/** Starts the thread of large bodies; `inspector.close` ends it. */
export function createJudging({ loaded, clock, logger, onClassified }: JudgingOptions): Judging {
  const inspector = createInspector(loaded.snapshot);
  const moderators = createModerators({
    clock,
    random: (count) => randomBytes(count),
    observe: onClassified,
    onState: createBreakerReporter(logger),
  });
  moderators.use(loaded.moderators);
  return {
    inspector,
    moderators,
    async prepare(next) {
      const judgeByIt = await inspector.prepare(next.snapshot);
      return () => {
        moderators.use(next.moderators);
        judgeByIt();
      };
    },
  };
}
