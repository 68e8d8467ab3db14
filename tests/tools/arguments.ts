import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a command line may say. */
interface Expected<T extends ParseArgsConfig> {
  /** What is accepted, for people. */
  readonly usage: string;
  readonly config: T;
  /** Options whose value is a whole number, with the least one. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** Reads the command line of a script. What cannot be understood is said in one line, with what is accepted; the process ends with 2. */
export function readArguments<T extends ParseArgsConfig>(expected: Expected<T>): ReturnType<typeof parseArgs<T>> {
  try {
    const parsed = parseArgs<T>(expected.config);
    const values: Readonly<Record<string, unknown>> = parsed.values;
    for (const [name, least] of Object.entries(expected.numbers ?? {})) {
      const said = values[name];
      if (said !== undefined && !isWholeNumber(said, least)) {
        throw new RangeError(`--${name}: expected a whole number from ${least}, found "${said}"`);
      }
    }
    return parsed;
  } catch (error) {
    return refuseArguments(error instanceof Error ? error.message : String(error), expected.usage);
  }
}

/** Says what is wrong and what is accepted, and ends the process. */
export function refuseArguments(problem: string, usage: string): never {
  // Node explains at length how to pass what looks like an option; the first sentence says what is wrong.
  const [first = problem] = problem.split(/\. |\n/);
  process.stderr.write(`${first}\nusage: ${usage}\n`);
  process.exit(2);
}

function isWholeNumber(said: unknown, least: number): boolean {
  return typeof said === 'string' && /^\d{1,9}$/.test(said) && Number(said) >= least;
}
