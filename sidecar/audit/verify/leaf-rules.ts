import type { Scanned } from './canonical-scan.js';

type Members = ReadonlyMap<string, Scanned>;
type Check = (value: Scanned | undefined, leaf: Members) => boolean;
type Rules = readonly (readonly [string, Check])[];

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
/** A SHA-256, or nothing. */
const commitment: Check = (value) => typeof value === 'string' && /^(?:[0-9a-f]{64})?$/.test(value);
const verdict = oneOf('ALLOW', 'FLAG', 'MASK', 'BLOCK');

/** One answer of a classifier. */
function isAnswer(value: Scanned): boolean {
  if (!(value instanceof Map)) return false;
  const said = value.get('said');
  return (
    ['model', 'name', 'rule'].every((name) => text(value.get(name), value)) && oneOf('yes', 'no', 'failed')(said, value)
  );
}

const COMMON: Rules = [
  ['epoch', (value) => typeof value === 'number' && value >= 1],
  ['time_ms', count],
  ['mono_ns', (value) => typeof value === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(value)],
];

/** What decides verdicts changed, or who may use the control port. */
const POLICY_CHANGE: Rules = [
  ['what', oneOf('reload', 'packs', 'start')],
  ['old_policy_revision', text],
  ['new_policy_revision', text],
];
const unlessRemoved =
  (check: Check): Check =>
  (value, leaf) =>
    leaf.get('event') === 'remove' ? value === undefined : check(value, leaf);
const TOKEN_CHANGE: Rules = [
  ['event', oneOf('add', 'change', 'remove')],
  ['token_id', (value) => typeof value === 'string' && /^[a-z2-7]{16}$/.test(value)],
  ['principal', unlessRemoved(text)],
  ['roles', unlessRemoved(texts(4))],
  ['expires_ms', unlessRemoved(count)],
];
const SWITCH: Rules = [
  ['op', oneOf('kill_switch', 'maintenance')],
  ['event', oneOf('begin', 'change', 'lift', 'expire')],
  ['name', (value, leaf) => (leaf.get('op') === 'kill_switch' ? oneOf('bypass', 'lockdown') : text)(value, leaf)],
  ['digest', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)],
  ['first_shown_ms', count],
  ['from_ms', (value, leaf) => (leaf.get('op') === 'maintenance' ? count(value, leaf) : value === undefined)],
  ['until_ms', count],
];
const REFUSED: Rules = [
  ['method', text],
  ['reason', oneOf('no_token', 'bad_token', 'expired_token', 'no_role')],
  ['principal', optional(text)],
];
const REFUSALS: Rules = [
  ['count', (value) => typeof value === 'number' && value >= 1],
  ['first_ms', count],
  ['last_ms', count],
];

const KINDS: ReadonlyMap<string, Rules> = new Map([
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
      ['c_request_id', commitment],
      ['c_req', commitment],
      ['c_resp', commitment],
      ['c_subj', commitment],
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
    'key',
    [
      ['what', oneOf('rotate', 'gap')],
      ['old_key', text],
      ['new_key', text],
      ['old_signature', text],
      ['new_signature', text],
    ],
  ],
  ['close', [['reason', oneOf('shutdown', 'error')]]],
]);

/** What is wrong with the fields of a leaf, apart from its place in the chain; undefined = nothing. */
export function fieldFault(leaf: Members): string | undefined {
  const kind = leaf.get('kind');
  const own = rulesOf(leaf);
  if (!own) return 'has a kind that this format does not know';
  for (const [name, check] of COMMON) {
    if (!check(leaf.get(name), leaf)) return wrong(name, kind);
  }
  for (const [name, check] of own) {
    if (!check(leaf.get(name), leaf)) return wrong(name, kind);
  }
  return undefined;
}

function rulesOf(leaf: Members): Rules | undefined {
  switch (leaf.get('kind')) {
    case 'config':
      return leaf.get('what') === 'tokens' ? TOKEN_CHANGE : POLICY_CHANGE;
    case 'gap':
      return leaf.get('reason') === 'store_unavailable' ? UNRECORDED : DISCONTINUED;
    case 'admin':
      return ADMIN.get(String(leaf.get('op'))) ?? SWITCH;
    default:
      return KINDS.get(String(leaf.get('kind')));
  }
}

const UNRECORDED: Rules = [
  ['records', count],
  ['kept', range],
  ['first_ms', count],
  ['last_ms', count],
];
const DISCONTINUED: Rules = [
  ['reason', oneOf('log_shorter', 'log_differs', 'no_checkpoint')],
  ['recovered_size', count],
  ['signed_size', count],
  ['signed_root', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)],
];
const ADMIN: ReadonlyMap<string, Rules> = new Map([
  ['acknowledge_gap', DISCONTINUED],
  ['refused', REFUSED],
  ['refusals', REFUSALS],
]);

function wrong(name: string, kind: Scanned | undefined): string {
  return `has no valid ${name} for a leaf of kind ${String(kind)}`;
}
