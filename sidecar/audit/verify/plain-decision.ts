/** What a leaf says of its place. */
export interface Place {
  readonly logId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly prev: string;
}

const TEXT = '"([ !#-[\\]-~]*)"';
/** Texts without commas, so that commas count them. */
const TEXTS = '\\[((?:"[\\w./:-]*"(?:,"[\\w./:-]*")*)?)\\]';
const HASH_OR_EMPTY = '"(?:[0-9a-f]{64})?"';
const VERDICT = '"(?:ALLOW|FLAG|MASK|BLOCK)"';
/** Below 10^15, and so safe. */
const INTEGER = '(0|[1-9][0-9]{0,14})';
const plain = (pattern: string) => pattern.replace('(', '(?:');

/** Names in the order of their UTF-16 code units, as RFC 8785 has them. */
const MEMBERS = [
  ['c_req', HASH_OR_EMPTY],
  ['c_request_id', HASH_OR_EMPTY],
  ['c_resp', HASH_OR_EMPTY],
  ['c_subj', HASH_OR_EMPTY],
  ['direction', '"(?:inbound|outbound|)"'],
  ['door', plain(TEXT)],
  ['effective', VERDICT],
  ['epoch', '([1-9][0-9]{0,14})'],
  ['gap_count', INTEGER],
  ['gaps', TEXTS],
  ['kind', '"decision"'],
  ['log_id', '"([a-z2-7]{26})"'],
  ['mono_ns', '"(?:0|[1-9][0-9]{0,19})"'],
  ['policy_revision', plain(TEXT)],
  ['prev', '"([0-9a-f]{64})"'],
  ['raw', VERDICT],
  ['route', plain(TEXT)],
  ['rule_count', INTEGER],
  ['rule_ids', TEXTS],
  ['seq', INTEGER],
  ['tenant', plain(TEXT)],
  ['time_ms', plain(INTEGER)],
  ['v', '1'],
] as const;
const PLAIN_DECISION = new RegExp(`^\\{${MEMBERS.map(([name, value]) => `"${name}":${value}`).join(',')}\\}$`);

/**
 * The place of a decision of the simplest form: canonical, no name besides those that must be there, texts of printable ASCII without
 * escapes, every field valid. Most leaves of a log are such, and this reads them three times as fast. Undefined says nothing: the
 * rules are to be applied one by one.
 */
export function readPlainDecision(text: string): Place | undefined {
  const match = PLAIN_DECISION.exec(text);
  if (match === null) return undefined;
  const holds =
    isCounted(match[3] as string, Number(match[2]), 16) && isCounted(match[7] as string, Number(match[6]), 64);
  if (!holds) return undefined;
  return { epoch: Number(match[1]), logId: match[4] as string, prev: match[5] as string, seq: Number(match[8]) };
}

/** Whether a list has at most so many texts, and is not longer than was counted. */
function isCounted(list: string, count: number, most: number): boolean {
  if (list === '') return true;
  let length = 1;
  for (let comma = list.indexOf(','); comma >= 0; comma = list.indexOf(',', comma + 1)) length += 1;
  return length <= most && length <= count;
}
