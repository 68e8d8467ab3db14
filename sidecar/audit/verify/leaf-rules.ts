import type { Scanned } from './canonical-scan.js';

type Members = ReadonlyMap<string, Scanned>;
type Check = (value: Scanned | undefined, leaf: Members) => boolean;

const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => typeof value === 'number' && value >= 0;
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);
const texts =
  (max: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every((item) => typeof item === 'string');
const atLeastLengthOf =
  (name: string): Check =>
  (value, leaf) => {
    const list = leaf.get(name);
    return typeof value === 'number' && Array.isArray(list) && value >= list.length;
  };
const range: Check = (value) =>
  Array.isArray(value) &&
  (value.length === 0 ||
    (value.length === 2 && value.every((item) => typeof item === 'number' && item >= 0) && value[0] <= value[1]));
const optional =
  (check: Check): Check =>
  (value, leaf) =>
    value === undefined || check(value, leaf);
const answers =
  (max: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(isAnswer);
const verdict = oneOf('ALLOW', 'FLAG', 'MASK', 'BLOCK');

/** One answer of a classifier. */
function isAnswer(value: Scanned): boolean {
  if (!(value instanceof Map)) return false;
  const said = value.get('said');
  return (
    ['model', 'name', 'rule'].every((name) => text(value.get(name), value)) && oneOf('yes', 'no', 'failed')(said, value)
  );
}

const COMMON: readonly (readonly [string, Check])[] = [
  ['epoch', (value) => value === 0],
  ['time_ms', count],
  ['mono_ns', (value) => typeof value === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(value)],
];

const KINDS: ReadonlyMap<string, readonly (readonly [string, Check])[]> = new Map([
  [
    'decision',
    [
      ['door', text],
      ['direction', oneOf('inbound', 'outbound', '')],
      ['route', text],
      ['tenant', text],
      ['raw', verdict],
      ['effective', verdict],
      ['rule_ids', texts(64)],
      ['rule_count', atLeastLengthOf('rule_ids')],
      ['gaps', texts(16)],
      ['gap_count', atLeastLengthOf('gaps')],
      ['policy_revision', text],
      ['classifiers', optional(answers(8))],
      ['switch', optional(oneOf('bypass', 'lockdown', 'maintenance'))],
      [
        'windows',
        (value, leaf) => (leaf.get('switch') === 'maintenance' ? texts(16)(value, leaf) : value === undefined),
      ],
      // One of the two without the other says nothing.
      [
        'classifier_count',
        (value, leaf) => (leaf.has('classifiers') ? atLeastLengthOf('classifiers')(value, leaf) : value === undefined),
      ],
    ],
  ],
  [
    'open',
    [
      ['version', text],
      ['policy_revision', optional(text)],
      ['recovered_size', (value, leaf) => value === leaf.get('seq')],
      ['previous_close', (value, leaf) => oneOf('clean', 'unclean')(value, leaf) === (leaf.get('seq') !== 0)],
    ],
  ],
  [
    'config',
    [
      ['what', oneOf('reload', 'packs', 'start')],
      ['old_policy_revision', text],
      ['new_policy_revision', text],
    ],
  ],
  [
    'admin',
    [
      ['op', oneOf('kill_switch', 'maintenance')],
      ['event', oneOf('begin', 'change', 'lift', 'expire')],
      ['name', (value, leaf) => (leaf.get('op') === 'kill_switch' ? oneOf('bypass', 'lockdown') : text)(value, leaf)],
      ['digest', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)],
      ['first_shown_ms', count],
      ['from_ms', (value, leaf) => (leaf.get('op') === 'maintenance' ? count(value, leaf) : value === undefined)],
      ['until_ms', count],
    ],
  ],
  [
    'gap',
    [
      ['reason', oneOf('store_unavailable')],
      ['records', count],
      ['kept', range],
      ['first_ms', count],
      ['last_ms', count],
    ],
  ],
  ['close', [['reason', oneOf('shutdown', 'error')]]],
]);

/** What is wrong with the fields of a leaf, apart from its place in the chain; undefined = nothing. */
export function fieldFault(leaf: Members): string | undefined {
  const kind = leaf.get('kind');
  const own = typeof kind === 'string' ? KINDS.get(kind) : undefined;
  if (!own) return 'has a kind that this format does not know';
  for (const [name, check] of COMMON) {
    if (!check(leaf.get(name), leaf)) return wrong(name, kind);
  }
  for (const [name, check] of own) {
    if (!check(leaf.get(name), leaf)) return wrong(name, kind);
  }
  return undefined;
}

function wrong(name: string, kind: Scanned | undefined): string {
  return `has no valid ${name} for a leaf of kind ${String(kind)}`;
}
