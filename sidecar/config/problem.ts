import { assertNever } from '../kernel/assert-never.js';
import { JiminiError } from '../kernel/errors.js';
import { printable } from '../kernel/printable.js';

/** Where a value of the configuration was said. */
export type Origin =
  | { readonly kind: 'default' }
  /** Line and column count from 1; a file that could not be read has neither. */
  | { readonly kind: 'file'; readonly file: string; readonly line?: number; readonly column?: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string };

/** Why a configuration is refused. */
export interface ConfigProblem {
  readonly origin: Origin;
  /** Key path such as `listen.data`; empty where no single key is to blame. */
  readonly key: string;
  /** What was expected and what to do. May hold foreign text, already made printable. */
  readonly message: string;
}

/** Where one item of a list was said: its own place in a file, else that of the list, else that of the map around it. */
export function originOfItem(origins: ReadonlyMap<string, Origin>, key: string, index: number): Origin {
  let origin = origins.get(`${key}[${index}]`);
  for (let path = key; origin === undefined && path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    origin = origins.get(path);
  }
  return origin ?? { kind: 'default' };
}

/** `file:line:column`, the name of a variable or flag, or `default`. Printable. */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return [printable(origin.file), origin.line, origin.column].filter((part) => part !== undefined).join(':');
    case 'environment':
    case 'flag':
      return printable(origin.name);
    default:
      return assertNever(origin);
  }
}

/** One line for people: `file:line:column: key: message`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.origin.kind === 'default' ? [] : [formatOrigin(problem.origin)];
  const key = problem.key === '' ? [] : [problem.key];
  return [...place, ...key, problem.message].join(': ');
}

/** All problems as one error, for a start that cannot go on. */
export function configError(problems: readonly ConfigProblem[]): JiminiError {
  return new JiminiError('JIMINI_CONFIG_INVALID', problems.map(formatProblem).join('\n'));
}
