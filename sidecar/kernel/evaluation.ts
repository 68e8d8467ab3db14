import type { Fault } from './fault.js';
import type { Gap } from './gap.js';
import type { KillSwitchMode } from './switch.js';
import type { Action, Verdict } from './verdict.js';

/** `inbound` = on its way to the model, `outbound` = coming back from it or leaving the organisation, empty = not stated (every rule applies). */
export type Direction = 'inbound' | 'outbound' | '';

/** Reads a direction whatever its case and the blanks around it; undefined for anything else. */
export function readDirection(text: string): Direction | undefined {
  const direction = text.trim().toLowerCase();
  return direction === 'inbound' || direction === 'outbound' || direction === '' ? direction : undefined;
}

/** The way in: which protocol asked the question. */
export type Door = 'ext_authz' | 'evaluate' | 'cli';

/** Who says a piece of text in a conversation. Anything unknown, not a string or given twice counts as `user`. */
export const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

/** A piece of text with its place. */
export interface Segment {
  /** The text after decoding and JSON unescaping, before any canonicalisation. */
  readonly text: string;
  readonly role: Role;
  /**
   * Where it stands: an RFC 6901 JSON pointer into the body (the empty string is the whole body); for the name of an
   * object member the pointer of its value followed by `#`; for a query parameter `query:/NAME`, its name
   * `query:/NAME#` (`query:` for values of several together); for a path, or a part of it that reads as a sentence, `path:`; for a field of a form `form:/NAME`, its headers or name `form:/NAME#`, JSON in it `form:/NAME/...`;
   * for the n-th of several JSON texts, one a line, `/n` and its own pointer;
   * for a protobuf message the numbers of its fields, `proto:/2/1`, with `.n` behind that of a field that occurred n times before;
   * for the n-th message of a gRPC body `grpc:/n` and what it would have by itself. One over the length bound is cut to that
   * of the nearest enclosing container.
   */
  readonly pointer: string;
  /**
   * True for text that stands in another segment too (joined parts, JSON inside a string, a decoded file): it is matched like any
   * other, but not counted by `min_count`, `max_chars` and the text length.
   */
  readonly derived?: true;
  /** True for text that may only look as if it were read so: what is found in it flags at most. */
  readonly flagsOnly?: true;
}

/** One piece of raw content of an evaluation, as the door received it. */
export type Content =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'body';
      readonly bytes: Uint8Array;
      readonly contentType: string;
      readonly contentEncoding: string;
      /** What compressed messages of a gRPC body are compressed by (`grpc-encoding`); absent or empty = not stated. */
      readonly messageEncoding?: string;
      /**
       * Nobody but who judges reads the memory that `bytes` lie in, so that it may go to another thread: `bytes` are empty then.
       * Absent: they stay as they are.
       */
      readonly isGivenAway?: true;
    }
  /** The query string of the request target, undecoded, without the question mark, credential carriers included. */
  | { readonly kind: 'query'; readonly raw: string }
  /** The path of the request target, normalised, with what is encoded in it. */
  | { readonly kind: 'path'; readonly raw: string };

/** A place in one of the texts of an evaluation at which a rule matched, in UTF-16 units, end exclusive. */
export interface Mark {
  /** Index of the text. */
  readonly text: number;
  readonly start: number;
  readonly end: number;
}

/**
 * How much of the content is kept, sealed and erasable, beside the record: nothing; what stands near a match; that and the
 * match; all of it.
 */
export const CAPTURES = ['none', 'findings', 'findings-verbatim', 'full'] as const;
/** One of `CAPTURES`. */
export type Capture = (typeof CAPTURES)[number];

/** The person that an evaluation is about. */
export interface Subject {
  /** Not empty; at most `LIMITS.subjectCharsMax` characters. Never in a leaf, a log line or a label. */
  readonly id: string;
  /** The proxy says so: a header that it sets itself, or the name in a certificate. False: the caller asserts it. */
  readonly isVerified: boolean;
}

/** Whose rules are held back: those of the named packs, or all of them and the gaps too. */
export type HeldBack = 'all' | readonly string[];

/** One question to the engine, free of any protocol. */
export interface Evaluation {
  readonly door: Door;
  readonly direction: Direction;
  /** Endpoint that rules are scoped by: normalised path or the configured `jimini.endpoint`; empty = none. */
  readonly endpoint: string;
  /** Bounded label for records and metrics: a configured name or a known API path, else `other`. Never a raw path. */
  readonly route: string;
  /** Name of the route in the configuration, which may decide gaps differently; absent = none. It is the `route` then. */
  readonly namedRoute?: string;
  /** Its route passes on, unrecorded, what is judged ALLOW or FLAG while the store is unavailable; absent = it is denied. */
  readonly passesUnrecorded?: true;
  /** Tenant from the principal or configuration; empty = none. */
  readonly tenant: string;
  /** Packs chosen by the route, already joined with the required ones; absent = all loaded packs. */
  readonly packs?: readonly string[];
  /** What maintenance holds back as shadow does; absent = nothing. Doors leave it alone. */
  readonly heldBack?: HeldBack;
  readonly content: readonly Content[];
  /** Gaps that the door itself saw (no body, a cut body, an unknown context key). */
  readonly gaps: readonly Gap[];
  /** Client-chosen correlation id; in a leaf only as a commitment, never a label. */
  readonly requestId: string;
  /** Absent = nobody known. */
  readonly subject?: Subject;
  /** What its route keeps of the content; absent = what is kept everywhere. */
  readonly capture?: Capture;
  /** W3C trace context of the caller, for tracing only; absent = none was sent. */
  readonly trace?: TraceContext;
}

/** The headers of W3C Trace Context, undecoded and hostile. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string;
}

/** One place where one rule matched. Never holds the matched text. */
export interface Finding {
  readonly ruleId: string;
  readonly pack: string;
  /** SHA-256 of the pack, hex. */
  readonly packDigest: string;
  /** Pointer of the segment; see `Segment.pointer`. */
  readonly pointer: string;
  /** UTF-8 byte offset in the segment's text where the match starts. */
  readonly start: number;
  /** UTF-8 byte offset where the match ends, exclusive. */
  readonly end: number;
  /** Name of the validator that confirmed the match; empty = none needed. */
  readonly validator: string;
  /** Confidence from 0 to 1. */
  readonly score: number;
}

/** A piece of a segment's text that is to be replaced. */
export interface Replacement {
  readonly segment: Segment;
  /** UTF-16 index in the segment's text. */
  readonly start: number;
  /** UTF-16 index, exclusive; greater than `start`. */
  readonly end: number;
  /** What is to stand there instead; never empty. */
  readonly by: string;
}

/** A rule that matched and was not suppressed. */
export interface MatchedRule {
  readonly id: string;
  readonly pack: string;
  readonly title: string;
  readonly severity: string;
  /** The rule's own action as written; `flag` when another rule lowers its matches. */
  readonly action: Action;
  /** What it counts for now: `allow` when shadow holds it back. */
  readonly effectiveAction: Action;
}

/** The ids of rules, each once, in their order: two packs may have rules of one id. */
export function ruleIdsOf(rules: readonly Pick<MatchedRule, 'id'>[]): string[] {
  return rules.length === 0 ? [] : [...new Set(rules.map(({ id }) => id))];
}

/** What a classifier said to the question of one rule. */
export interface ClassifierAnswer {
  readonly ruleId: string;
  /** Name of the classifier in the configuration. */
  readonly classifier: string;
  /** Model behind it, as configured. */
  readonly model: string;
  /** `yes` = the rule matches; `failed` = no usable answer came in time. */
  readonly said: 'yes' | 'no' | 'failed';
}

/**
 * What reading and judging one evaluation gave. Pure: the same evaluation, policy set and answers of classifiers give
 * the same judgement.
 */
export interface Judgement {
  /** Verdict of rules and gaps before shadow, maintenance and kill switch. */
  readonly raw: Verdict;
  /** Verdict after them: what the caller is told. */
  readonly effective: Verdict;
  /** `effective` was MASK, and the door cannot change a body: `policy.maskInExtAuthz` has decided. */
  readonly cannotMask?: true;
  /** Rules that matched, in file order of the packs. */
  readonly matched: readonly MatchedRule[];
  /** Of rules that do more than mark: none of a rule whose action is `allow`. */
  readonly findings: readonly Finding[];
  /** One entry per gap kind, in order of appearance. */
  readonly gaps: readonly Gap[];
  /** Why there is the gap `engine:error`, or why a thread was ended over it; for operators, told to no caller. */
  readonly fault?: Fault;
  /** Digest of all packs and settings that influence a verdict. */
  readonly policyRevision: string;
  /** Code points of text that were judged, over all segments. */
  readonly textLength: number;
  /**
   * The content with all that rules of the action `mask` found replaced: judged again, it is ALLOW or FLAG. Only when
   * `effective` is MASK, and absent all the same where the door cannot use it or the content cannot be rewritten.
   */
  readonly maskedText?: string;
  /** What classifiers said; absent = none was asked. */
  readonly answers?: readonly ClassifierAnswer[];
}

/** Why an answer is what it is when rules and gaps did not decide it. */
export type Outage = 'store_unavailable';

/** The strongest switch that was in force for a judgement; it need not have changed anything. */
export type ActingSwitch =
  | { readonly kind: KillSwitchMode }
  /** Names of the windows that cover the evaluation, in the order of the configuration. */
  | { readonly kind: 'maintenance'; readonly windows: readonly string[] };

/** A judgement that has been recorded (or could not be) and is ready to be told to the caller. */
export interface Decision extends Judgement {
  /** `log_id:seq` once recorded; empty when the store could not record it. */
  readonly decisionId: string;
  readonly outage?: Outage;
  /** Absent = none was in force, or it does not act on such a message. */
  readonly switch?: ActingSwitch;
  /** One sentence for people: rule titles and gap kinds, never the text. */
  readonly message: string;
  /** From the first byte judged to the record on disk, milliseconds. */
  readonly durationMs: number;
}
