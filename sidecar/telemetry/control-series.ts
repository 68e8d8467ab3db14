import { Counter, type Registry } from 'prom-client';
import { gaugesOf } from './read-gauge.js';

/** What is read when somebody scrapes. */
export interface ControlSources {
  /** Tokens that are accepted, expired ones too. */
  readonly acceptedTokens: () => number;
  /** Whether the file of tokens can be used. */
  readonly tokensUsable: () => boolean;
}

/** What happens on the control port. */
export interface ControlSeries {
  /** A call was refused. The reasons are a closed list. */
  controlRefused(reason: string): void;
}

/** Registers the series of the control port. */
export function createControlSeries(registry: Registry, sources: ControlSources): ControlSeries {
  const registers = [registry];
  const refused = new Counter({
    name: 'jimini_control_refused_calls_total',
    help: 'Calls on the control port that were refused, by reason',
    labelNames: ['reason'],
    registers,
  });
  const gauge = gaugesOf(registry);
  gauge('jimini_control_tokens', 'Tokens that the control port accepts, expired ones too', sources.acceptedTokens);
  gauge('jimini_control_tokens_unusable', '1 while the file of tokens cannot be used and no token is accepted', () =>
    sources.tokensUsable() ? 0 : 1,
  );
  return { controlRefused: (reason) => refused.inc({ reason }) };
}
