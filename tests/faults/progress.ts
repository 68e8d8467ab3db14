import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What is done already, so that a run that was ended can go on. */
export interface Progress {
  /** What all random choices follow from. */
  readonly seed: number;
  /** Which runs there are; another number of them is another plan. */
  of(part: string): { done: number; failed: number };
  save(): void;
}

/** Reads a state file, or begins one; without a file nothing is kept. Throws when it is not one, or is of another seed. */
export function openProgress(file: string | undefined, seed: number | undefined): Progress {
  const read = file !== undefined && existsSync(file) ? parsed(file) : undefined;
  if (read && seed !== undefined && read.seed !== seed)
    throw new Error(`${file} is of seed ${read.seed}: name another file`);
  const parts = new Map(Object.entries(read?.parts ?? {}));
  const own = read?.seed ?? seed ?? Date.now() % 1_000_000;
  return {
    seed: own,
    of(part) {
      const found = parts.get(part) ?? { done: 0, failed: 0 };
      parts.set(part, found);
      return found;
    },
    save() {
      if (file === undefined) return;
      writeFileSync(`${file}.new`, `${JSON.stringify({ seed: own, parts: Object.fromEntries(parts) })}\n`);
      renameSync(`${file}.new`, file);
    },
  };
}

function parsed(file: string): { seed: number; parts: Record<string, { done: number; failed: number }> } {
  try {
    const { seed, parts } = JSON.parse(readFileSync(file, 'utf8'));
    if (Number.isSafeInteger(seed) && typeof parts === 'object' && parts !== null) return { seed, parts };
  } catch {
    // What is no JSON is told as what is something else.
  }
  throw new Error(`${file} holds no state of this program: name another file, or remove it`);
}

/** Runs that are made one group after the other. */
export interface Runs {
  readonly total: number;
  /** How many are made between two looks at the clock. */
  readonly group: number;
  /** Makes the runs from `first` on; gives a line for each that went wrong. */
  readonly make: (first: number, count: number) => Promise<readonly string[]>;
}

const TELL_MS = 10_000;

/** Makes what is left of the runs, until the time is over; tells how far it is on standard error. Gives whether all are done. */
export async function goThrough(name: string, runs: Runs, progress: Progress, endMs: number): Promise<boolean> {
  const own = progress.of(name);
  progress.save();
  let toldMs = performance.now();
  while (own.done < runs.total && performance.now() < endMs) {
    const count = Math.min(runs.group, runs.total - own.done);
    const wrong = await runs.make(own.done, count);
    own.done += count;
    own.failed += wrong.length;
    progress.save();
    for (const line of wrong) process.stdout.write(`${name}: FAILED ${line}\n`);
    if (performance.now() - toldMs < TELL_MS) continue;
    toldMs = performance.now();
    process.stderr.write(`${name}: ${own.done} of ${runs.total} runs, ${own.failed} failed\n`);
  }
  const rest = own.done < runs.total ? ', STOPPED: go on with the same --state FILE' : '';
  const found = own.failed === 0 ? 'all held' : `${own.failed} FAILED`;
  process.stdout.write(`${name}: ${own.done} of ${runs.total} runs, ${found}${rest}\n`);
  return own.done >= runs.total;
}
