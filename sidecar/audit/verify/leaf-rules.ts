import type { Scanned } from './canonical-scan.js';
import {
  bucket,
  type Check,
  count,
  hash,
  hashOrEmpty,
  type Leaf,
  listOf,
  oneOf,
  optional,
  text,
} from './field-types.js';
import { LATER_KINDS } from './later-kinds.js';
import { readNoteKey } from './signed-note.js';

/** The fields of a kind, in the order in which they are looked at. */
export type Rules = readonly (readonly [name: string, check: Check])[];

const COMMON: Rules = [
  ['epoch', (value) => typeof value === 'number' && value >= 1],
  ['time_ms', count],
  ['mono_ns', (value) => typeof value === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(value)],
];

const atLeastLengthOf =
  (name: string): Check =>
  (value, leaf) => {
    const list = leaf.get(name);
    return typeof value === 'number' && Array.isArray(list) && value >= list.length;
  };
const verdict = oneOf('ALLOW', 'FLAG', 'MASK', 'BLOCK');

const COMMITMENTS = ['c_request_id', 'c_req', 'c_resp', 'c_subj'] as const;

/** One answer of a classifier. */
const answer: Check = (value, leaf) =>
  value instanceof Map &&
  ['model', 'name', 'rule'].every((name) => text(value.get(name), leaf)) &&
  oneOf('yes', 'no', 'failed')(value.get('said'), leaf);

const DECISION: Rules = [
  ['door', text],
  ['direction', oneOf('inbound', 'outbound', '')],
  ['route', text],
  ['tenant', text],
  ['raw', verdict],
  ['effective', verdict],
  ['rule_ids', listOf(64, text)],
  ['rule_count', atLeastLengthOf('rule_ids')],
  ['gaps', listOf(16, text)],
  ['gap_count', atLeastLengthOf('gaps')],
  ['policy_revision', text],
  ['c_request_id', hashOrEmpty],
  ['c_req', hashOrEmpty],
  ['c_resp', hashOrEmpty],
  ['c_subj', hashOrEmpty],
  // What is committed to is sealed beside the leaf, and nothing else is.
  [
    'envelope',
    (value, leaf) => hashOrEmpty(value, leaf) && (value !== '') === COMMITMENTS.some((name) => leaf.get(name) !== ''),
  ],
  ['classifiers', optional(listOf(8, answer))],
  // One of the two without the other says nothing.
  [
    'classifier_count',
    (value, leaf) => (leaf.has('classifiers') ? atLeastLengthOf('classifiers')(value, leaf) : value === undefined),
  ],
  ['switch', optional(oneOf('bypass', 'lockdown', 'maintenance'))],
  [
    'windows',
    (value, leaf) => (leaf.get('switch') === 'maintenance' ? listOf(16, text)(value, leaf) : value === undefined),
  ],
  ['link_seq', optional((value, leaf) => count(value, leaf) && (value as number) < (leaf.get('seq') as number))],
  ['answer', optional(oneOf('inspected', 'none'))],
  ['outcome', optional(oneOf('complete', 'aborted', 'blocked_late', 'observed'))],
  ['delivered', optional(bucket)],
];

const OPEN: Rules = [
  ['version', text],
  ['policy_revision', text],
  ['recovered_size', (value, leaf) => count(value, leaf) && (value as number) <= (leaf.get('seq') as number)],
  [
    'previous_close',
    (value, leaf) => (leaf.get('seq') === 0 ? value === 'none' : oneOf('clean', 'unclean')(value, leaf)),
  ],
];

/** What decides verdicts changed, or who may use the control port. */
const POLICY_CHANGE: Rules = [
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
  ['roles', unlessRemoved(listOf(4, text))],
  ['expires_ms', unlessRemoved(count)],
];
const CONFIG: ReadonlyMap<string, Rules> = new Map([
  ['reload', POLICY_CHANGE],
  ['packs', POLICY_CHANGE],
  ['start', POLICY_CHANGE],
  ['tokens', TOKEN_CHANGE],
]);

const SWITCH: Rules = [
  ['event', oneOf('begin', 'change', 'lift', 'expire')],
  ['name', (value, leaf) => (leaf.get('op') === 'kill_switch' ? oneOf('bypass', 'lockdown') : text)(value, leaf)],
  ['digest', hash],
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

const EMPTY_ROOT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** How many leaves were signed, as it goes with the reason. */
const signedSize: Check = (value, leaf) => {
  const recovered = leaf.get('recovered_size') as number;
  if (!count(value, leaf)) return false;
  switch (leaf.get('reason')) {
    case 'log_shorter':
      return (value as number) > recovered;
    case 'log_differs':
    case 'leaves_gone':
      return (value as number) <= recovered;
    default:
      return value === 0 && recovered > 0 && leaf.get('signed_root') === EMPTY_ROOT;
  }
};
/** The log does not continue what was signed. */
const DISCONTINUED: Rules = [
  ['reason', oneOf('log_shorter', 'log_differs', 'no_checkpoint', 'leaves_gone')],
  ['recovered_size', count],
  ['signed_root', hash],
  ['signed_size', signedSize],
];
const ADMIN: ReadonlyMap<string, Rules> = new Map([
  ['kill_switch', SWITCH],
  ['maintenance', SWITCH],
  ['refused', REFUSED],
  ['refusals', REFUSALS],
  ['acknowledge_gap', DISCONTINUED],
]);

const kept: Check = (value, leaf) =>
  listOf(2, count)(value, leaf) &&
  Array.isArray(value) &&
  value.length !== 1 &&
  (value.length === 0 || (value[0] as number) <= (value[1] as number));
const UNRECORDED: Rules = [
  ['records', count],
  ['kept', kept],
  ['late', optional(kept)],
  ['retired', optional(kept)],
  ['first_ms', count],
  ['last_ms', count],
];

const key: Check = (value, leaf) => {
  const read = typeof value === 'string' ? readNoteKey(value) : { why: '' };
  return !('why' in read) && read.type === 1 && read.name === `jimini.log/${leaf.get('log_id')}`;
};
const KEY: Rules = [
  ['what', oneOf('rotate', 'gap')],
  ['old_key', key],
  ['new_key', key],
  ['old_signature', text],
  ['new_signature', text],
];

const KINDS: ReadonlyMap<string, (leaf: Leaf) => Rules | undefined | 'not a text'> = new Map([
  ['open', () => OPEN],
  ['decision', () => DECISION],
  ['config', (leaf: Leaf) => chosen(CONFIG, leaf.get('what'))],
  ['admin', (leaf: Leaf) => chosen(ADMIN, leaf.get('op'))],
  ['gap', (leaf: Leaf) => (leaf.get('reason') === 'store_unavailable' ? UNRECORDED : DISCONTINUED)],
  ['key', () => KEY],
  ['close', () => [['reason', oneOf('shutdown', 'error')]] as Rules],
  ...LATER_KINDS,
]);

function chosen(among: ReadonlyMap<string, Rules>, value: Scanned | undefined): Rules | undefined | 'not a text' {
  return typeof value === 'string' ? among.get(value) : 'not a text';
}

/** Whether a leaf is of a later version: a kind, or an operation of a kind, that this format does not have. */
export function isOpaque(leaf: Leaf): boolean {
  return rulesOf(leaf) === undefined;
}

/** What is wrong with the fields of a leaf, apart from its place in the chain; undefined = nothing. */
export function fieldFault(leaf: Leaf): string | undefined {
  const kind = leaf.get('kind');
  if (typeof kind !== 'string') return 'has a kind that is not a text';
  const own = rulesOf(leaf);
  if (own === 'not a text') return `does not say what it is, for a leaf of kind ${kind}`;
  for (const [name, check] of COMMON) {
    if (!check(leaf.get(name), leaf)) return `has no valid ${name}`;
  }
  for (const [name, check] of own ?? []) {
    if (!check(leaf.get(name), leaf)) return `has no valid ${name} for a leaf of kind ${kind}`;
  }
  return undefined;
}

function rulesOf(leaf: Leaf): Rules | undefined | 'not a text' {
  return KINDS.get(String(leaf.get('kind')))?.(leaf);
}
