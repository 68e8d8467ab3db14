import { assertNever } from '../../sidecar/kernel/assert-never.js';
import type { Breaker } from '../../sidecar/kernel/breaker.js';
import type { Classifiers } from '../../sidecar/policy/classifier.js';
import { type GuardedModerator, type GuardOptions, guardModerator, type Outcome } from './guarded.js';
import { createHttpJson } from './http-json.js';
import type { Moderator, ModeratorSettings } from './moderator.js';
import { createOpenAiChat } from './openai-chat.js';
import { createOpenAiModeration } from './openai-moderation.js';

/** All configured moderators, as classifiers for the decision point. */
export interface Moderators extends Classifiers {
  /** Puts these in force. One whose settings are as before keeps what it remembers and its breaker. */
  use(settings: readonly ModeratorSettings[]): void;
  /** Breakers by name of the moderator. */
  breakers(): Iterable<readonly [name: string, breaker: Breaker]>;
}

/** What moderators need from outside, and who is told. */
export interface ModeratorsOptions extends Pick<GuardOptions, 'clock' | 'random'> {
  /** Told of each question, answered or not. */
  readonly observe: (name: string, outcome: Outcome) => void;
  readonly onState: (name: string, state: Breaker['state']) => void;
}

/** No moderators yet; see `use`. */
export function createModerators({ clock, random, observe, onState }: ModeratorsOptions): Moderators {
  let inForce = new Map<string, { readonly settings: ModeratorSettings; readonly guarded: GuardedModerator }>();
  return {
    async ask({ classifier, prompt, text }) {
      const found = inForce.get(classifier);
      // A reload took it away after the question was made.
      if (!found) return { said: 'failed', model: '' };
      const { settings, guarded } = found;
      const outcome = await guarded.ask(prompt, text);
      observe(classifier, outcome);
      const { result } = outcome;
      return { said: result === 'yes' || result === 'no' ? result : 'failed', model: settings.model };
    },
    use(settings) {
      const before = inForce;
      inForce = new Map(
        settings.map((next) => {
          const known = before.get(next.name);
          if (known && JSON.stringify(known.settings) === JSON.stringify(next)) return [next.name, known];
          const state = (to: Breaker['state']) => onState(next.name, to);
          const guarded = guardModerator(clientFor(next), { ...next, clock, random, onState: state });
          return [next.name, { settings: next, guarded }];
        }),
      );
    },
    breakers: () => Array.from(inForce, ([name, { guarded }]) => [name, guarded.breaker] as const),
  };
}

function clientFor(settings: ModeratorSettings): Moderator {
  switch (settings.kind) {
    case 'openai-chat':
      return createOpenAiChat(settings);
    case 'openai-moderation':
      return createOpenAiModeration(settings);
    case 'http':
      return createHttpJson(settings);
    default:
      return assertNever(settings.kind);
  }
}
