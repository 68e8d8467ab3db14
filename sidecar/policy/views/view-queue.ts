import { LIMITS } from '../../kernel/limits.js';
import { MappedTextWriter } from './mapped-text.js';
import type { View } from './views.js';

/** The other readings of one text that are still to be judged. */
export interface ViewQueue {
  add(view: View): void;
  /** The next one; undefined when there is none at the moment. */
  take(): View | undefined;
  /** Whether some reading was added. */
  isUsed(): boolean;
}

/** What readings of one kind, of which there are too many, say one below the other. */
interface Gathered {
  readonly out: MappedTextWriter;
  readonly kind: Omit<View, 'mapped'>;
}

/**
 * An empty queue; `onAdded` hears of each reading. The first `LIMITS.viewsMax` readings are judged each for itself, and the others of a kind as one text of many
 * lines: so nothing that a text says is left out, and a text of a hundred thousand encoded words costs no more than its length.
 */
export function createViewQueue(onAdded: () => void): ViewQueue {
  const views: View[] = [];
  const gathered = new Map<string, Gathered>();
  let taken = 0;
  const gather = ({ mapped, ...kind }: View) => {
    const name = JSON.stringify(kind);
    const lines = gathered.get(name) ?? { out: new MappedTextWriter(mapped.text.length * 2), kind };
    gathered.set(name, lines);
    lines.out.append(mapped);
    const end = mapped.ends.at(-1) ?? 0;
    lines.out.write('\n', end, end);
  };
  return {
    add(view) {
      onAdded();
      if (views.length < LIMITS.viewsMax) views.push(view);
      else gather(view);
    },
    take() {
      const next = views[taken];
      if (next) {
        taken++;
        return next;
      }
      for (const [name, { out, kind }] of gathered) {
        gathered.delete(name);
        return { mapped: out.finish(), ...kind };
      }
      return undefined;
    },
    // No getter: V8 keeps what an object that is written with one holds until it collects its whole heap.
    isUsed: () => views.length > 0,
  };
}
