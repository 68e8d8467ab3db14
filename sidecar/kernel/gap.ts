import type { Verdict } from './verdict.js';

/**
 * A coverage gap: content that was not, or could not be, inspected, or a request that cannot be understood.
 * `kind` is `family:detail` in lower case, taken from a closed list, so that it can be recorded and counted.
 */
export interface Gap {
  readonly kind: GapKind;
}

/** What policy does about a gap. */
export const GAP_ACTIONS = ['deny', 'flag', 'allow'] as const;
/** One of `GAP_ACTIONS`. */
export type GapAction = (typeof GAP_ACTIONS)[number];

/** Every gap kind of this version, with what happens by default and why it is a gap. */
export const GAP_KINDS = {
  'body:absent': { action: 'deny', meaning: 'a body was announced or usual for the method, but the proxy sent none' },
  'body:partial': { action: 'deny', meaning: 'the proxy cut the body: the rest flows uninspected' },
  'body:too_large': { action: 'deny', meaning: 'the body, or the text, is over 32 MiB' },
  'body:damaged': { action: 'deny', meaning: 'the proxy sent a coded body as text, which damages its bytes' },
  'body:undecodable': { action: 'deny', meaning: 'the bytes are not text in the declared or assumed charset' },
  'coding:unknown': { action: 'deny', meaning: 'the Content-Encoding is not known' },
  'coding:stacked': { action: 'deny', meaning: 'more content codings are on one body than are undone' },
  'coding:malformed': {
    action: 'deny',
    meaning: 'the body is not what its Content-Encoding says, or more bytes follow the coded ones',
  },
  'coding:too_large': {
    action: 'deny',
    meaning: 'the body unpacks to more than 32 MiB, or to more than 200 times its size and 1 MiB',
  },
  'charset:unknown': {
    action: 'deny',
    meaning: 'the charset is none of UTF-8, Latin-1, and UTF-16 or UTF-32 with a byte order mark, or cannot be told',
  },
  'format:multipart': {
    action: 'deny',
    meaning: 'readers may differ on the parts of the multipart body, or a part is multipart itself',
  },
  'format:grpc': { action: 'deny', meaning: 'the gRPC body cannot be taken apart into its messages' },
  'format:protobuf': { action: 'deny', meaning: 'the message is no protobuf, or is nested deeper than is read' },
  'json:malformed': { action: 'deny', meaning: 'the body says it is JSON, and is not' },
  'json:duplicate_key': {
    action: 'deny',
    meaning: 'two members of one object have the same name: parsers differ on which one counts',
  },
  'json:depth': { action: 'deny', meaning: 'the JSON, or JSON in strings of JSON, is nested deeper than is read' },
  'json:too_many_segments': {
    action: 'deny',
    meaning: 'the body has more strings, or more text to be read in several forms, than are read',
  },
  'json:lone_surrogate': {
    action: 'deny',
    meaning: 'a string holds half a surrogate pair: readers differ on what it says',
  },
  'uninspectable:image': { action: 'flag', meaning: 'image content cannot be read' },
  'uninspectable:audio': { action: 'flag', meaning: 'audio content cannot be read' },
  'uninspectable:video': { action: 'flag', meaning: 'video content cannot be read' },
  'uninspectable:pdf': { action: 'flag', meaning: 'PDF content cannot be read' },
  'uninspectable:binary': { action: 'flag', meaning: 'binary content cannot be read' },
  'uninspectable:protobuf': {
    action: 'flag',
    meaning: 'the schema of a protobuf message is unknown: what looks like text in it is judged',
  },
  'reference:url': { action: 'flag', meaning: 'content stands behind a URL' },
  'reference:file': { action: 'flag', meaning: 'content stands in a file uploaded earlier' },
  'reference:prompt': { action: 'flag', meaning: 'content stands in a prompt template kept by the provider' },
  'reference:cache': { action: 'flag', meaning: 'content stands in a cache kept by the provider' },
  'reference:previous_response': { action: 'flag', meaning: 'content stands in an earlier exchange' },
  'path:ambiguous': { action: 'deny', meaning: 'servers differ on what this path means' },
  'http:upgrade': { action: 'deny', meaning: 'frames after an upgrade are never seen' },
  'http:connect': { action: 'deny', meaning: 'bytes inside a CONNECT tunnel are never seen' },
  'http:absent': { action: 'deny', meaning: 'the check carries no HTTP attributes (a TCP-level check)' },
  'config:packs': {
    action: 'deny',
    meaning: 'the pack list for this route is empty or names a pack that is not loaded',
  },
  'config:context': {
    action: 'deny',
    meaning: 'unknown direction, unknown jimini.* context key, or a value of one that is not allowed',
  },
  'message:malformed': { action: 'deny', meaning: 'the gRPC message could not be decoded' },
  'message:depth': { action: 'deny', meaning: 'the gRPC message is nested too deeply' },
  'classifier:unavailable': {
    action: 'flag',
    meaning: 'a classifier gave no usable answer in time (its onFailure decides)',
  },
  'classifier:partial': { action: 'flag', meaning: 'the text was too long for a classifier, which saw its end only' },
  'engine:error': { action: 'deny', meaning: 'the rule engine failed (policy.onError decides)' },
  'engine:budget': {
    action: 'deny',
    meaning: 'judging would cost more work than the budget allows (policy.onError decides)',
  },
} as const satisfies Record<string, { action: GapAction; meaning: string }>;

/** One of `GAP_KINDS`. */
export type GapKind = keyof typeof GAP_KINDS;

/** Gaps whose action cannot be changed by configuration: nothing about such a request is known well enough to let it pass. */
export const FIXED_GAP_KINDS: readonly GapKind[] = [
  'message:malformed',
  'message:depth',
  'config:packs',
  'config:context',
];

/** Gaps of messages that nobody could read: no switch acts on them. */
export const UNREADABLE_GAP_KINDS: readonly GapKind[] = ['message:malformed', 'message:depth'];

/** The verdict that a gap action asks for. */
export function verdictOfGapAction(action: GapAction): Verdict {
  return action === 'deny' ? 'BLOCK' : action === 'flag' ? 'FLAG' : 'ALLOW';
}
