import { nearest } from '../kernel/nearest.js';
import { printable } from '../kernel/printable.js';
import { CONFIG_KEYS, type ConfigKey, variableOf } from './keys.js';
import type { ConfigProblem, Origin } from './problem.js';

/** The process environment, or what a test puts in its place. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that a variable or a flag said: as text, or a list whose items need no splitting. */
export interface Override {
  readonly key: ConfigKey;
  readonly said: string | readonly string[];
  readonly origin: Origin;
}

/** Variables that are no settings of the sidecar, but may be there. No key path may map to one of them (tested). */
export const OTHER_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['JIMINI_CONFIG', 'path of the configuration file, when there is no --config'],
  ['JIMINI_HOST_NODE', 'makes the launcher keep the Node.js of the machine'],
  ['JIMINI_TOKEN_FILE', 'file with the token that `jimini log verify --address` shows to a control port'],
]);

/**
 * Kubernetes puts variables for every Service of a namespace into every container (kubernetes.io, "Environment
 * variables"): a Service named `jimini` or `jimini-x` gives names that look like ours. No key path may map to such a
 * name (tested). `JIMINI_*PORT` is ignored only with a value of Kubernetes' making.
 */
function isServiceVariable(name: string, value: string): boolean {
  return SERVICE_NAME.test(name) || (PORT_NAME.test(name) && /^(tcp|udp):\/\//.test(value));
}

const SERVICE_NAME = /^JIMINI_.*(SERVICE_HOST$|SERVICE_PORT|PORT_\d+_)/s;
const PORT_NAME = /^JIMINI_.*PORT$/s;

/** Whether Kubernetes could inject a variable of this name, whatever its value. */
export function isServiceVariableName(name: string): boolean {
  return SERVICE_NAME.test(name) || PORT_NAME.test(name);
}

/** Sorts the variables that start with `JIMINI_` into settings and problems. Other variables are not looked at. */
export function readEnvironment(env: Environment): {
  readonly overrides: readonly Override[];
  readonly problems: readonly ConfigProblem[];
} {
  const overrides: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    if (text === undefined || !name.startsWith('JIMINI_')) continue;
    if (OTHER_VARIABLES.has(name) || isServiceVariable(name, text)) continue;
    const key = KEY_BY_VARIABLE.get(name);
    const origin: Origin = { kind: 'environment', name };
    if (key) overrides.push({ key, said: text, origin });
    else problems.push({ origin, key: '', message: refusalOf(name) });
  }
  return { overrides, problems };
}

const KEY_BY_VARIABLE: ReadonlyMap<string, ConfigKey> = new Map(
  CONFIG_KEYS.flatMap((key) => (key.variable === undefined ? [] : [[key.variable, key]])),
);

function refusalOf(name: string): string {
  const inFile = CONFIG_KEYS.filter((key) => key.variable === undefined).find(({ path }) =>
    `${name}_`.startsWith(`${variableOf(path)}_`),
  );
  if (inFile) return `${inFile.path} cannot be set by a variable; set it in the configuration file`;
  const known = nearest(name, [...KEY_BY_VARIABLE.keys(), ...OTHER_VARIABLES.keys()]);
  return `unknown variable; the nearest known one is ${printable(known ?? '')}`;
}
