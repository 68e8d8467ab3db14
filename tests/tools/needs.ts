import type { ExecutionContext, TestFn } from 'ava';

/** Set by CI: there a test that cannot run is a failure. */
const SKIP_NOTHING = process.env['TESTS_SKIP_NOTHING'] === '1';

type Declare<C> = (title: string, body: (t: ExecutionContext<C>) => Promise<void> | void) => void;

/**
 * `test` when what it needs is there; otherwise a test that is skipped, with a title that says what was missing. The one
 * place that may skip. With `TESTS_SKIP_NOTHING=1` the test fails instead.
 */
export function needs<C>(test: TestFn<C>, present: unknown, what: string): Declare<C> {
  if (present) return (title, body) => test.serial(title, body);
  if (SKIP_NOTHING) return (title) => test(title, (t) => t.fail(`needs ${what}, and nothing may be skipped here`));
  return (title, body) => test.skip(`${title} [needs ${what}]`, body);
}
