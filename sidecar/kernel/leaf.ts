import type { Direction, Door } from './evaluation.js';
import type { GapKind } from './gap.js';
import type { KillSwitchMode, Switch } from './switch.js';
import type { SwitchEvent } from './switch-machine.js';
import type { Verdict } from './verdict.js';

/** One judgement. Lists longer than `LIMITS.leafRuleIdsMax` and `leafGapsMax` are cut when written; the counts are not. */
export interface DecisionFields {
  readonly kind: 'decision';
  readonly door: Door;
  readonly direction: Direction;
  /** A configured route name or a known API path, else `other`. Never the raw path. */
  readonly route: string;
  /** Tenant from the principal or configuration; empty = none. */
  readonly tenant: string;
  /** Verdict before shadow, maintenance and kill switch. */
  readonly raw: Verdict;
  /** Verdict that the caller was told. */
  readonly effective: Verdict;
  readonly rule_ids: readonly string[];
  /** How many rules matched, also those that `rule_ids` has no room for. */
  readonly rule_count: number;
  readonly gaps: readonly GapKind[];
  /** How many gap kinds there were, also those that `gaps` has no room for. */
  readonly gap_count: number;
  readonly policy_revision: string;
  /** Commitment to the id that the caller gave the request; like the next three 64 lower-case hex digits, or empty: nothing is committed to. */
  readonly c_request_id: string;
  /** Commitment to what was judged of the request. */
  readonly c_req: string;
  /** Commitment to what was judged of the response. */
  readonly c_resp: string;
  /** Commitment to the subject. */
  readonly c_subj: string;
  /** What classifiers said, in the order of their rules; absent = none was asked. Cut to `LIMITS.leafClassifiersMax` when written. */
  readonly classifiers?: readonly ClassifierFields[];
  /** How many questions were put to classifiers, also those that `classifiers` has no room for; absent with it. */
  readonly classifier_count?: number;
  /** The strongest switch that was in force for this judgement, whether or not it changed anything; absent = none. */
  readonly switch?: KillSwitchMode | 'maintenance';
  /** With `maintenance`: the names of the windows, in the order of the configuration. */
  readonly windows?: readonly string[];
}

/** One answer of a classifier. */
export interface ClassifierFields {
  /** Model as configured. */
  readonly model: string;
  /** Name of the classifier in the configuration. */
  readonly name: string;
  /** Id of the rule that asked. */
  readonly rule: string;
  readonly said: 'yes' | 'no' | 'failed';
}

/** A run of the program begins. */
interface OpenFields {
  readonly kind: 'open';
  /** Version of the program. */
  readonly version: string;
  /** Digest of the policy that the run begins with. */
  readonly policy_revision: string;
  /** Leaves that were found at start. */
  readonly recovered_size: number;
  /** How the run before ended: `none` = there was none, `clean` = its last leaf is a `close`. */
  readonly previous_close: 'none' | 'clean' | 'unclean';
}

/** What decides verdicts has changed. */
export interface PolicyChangeFields {
  readonly kind: 'config';
  /** `reload` = the configuration file was read again, `packs` = a pack file has changed, `start` = it was another one in the run before. */
  readonly what: 'reload' | 'packs' | 'start';
  readonly old_policy_revision: string;
  readonly new_policy_revision: string;
}

/** A token of the control port was added, changed or removed. */
export interface TokenChangeFields {
  readonly kind: 'config';
  readonly what: 'tokens';
  /** `add` and `change` = it is accepted from here on, `remove` = it is not any more. */
  readonly event: 'add' | 'change' | 'remove';
  /** The part of the token that may be shown. */
  readonly token_id: string;
  /** Name that it was issued to; absent when it is removed. */
  readonly principal?: string;
  /** Absent when it is removed. */
  readonly roles?: readonly string[];
  /** From then on it is not accepted, milliseconds since 1970; absent when it is removed. */
  readonly expires_ms?: number;
}

/** What decides verdicts, or who may use the control port, has changed. */
export type ConfigFields = PolicyChangeFields | TokenChangeFields;

/** Why a call on the control port was refused: nothing shown, not accepted, expired, or no role for the method. */
export type RefusalReason = 'no_token' | 'bad_token' | 'expired_token' | 'no_role';

/** A call on the control port was refused. */
export interface RefusalFields {
  readonly kind: 'admin';
  readonly op: 'refused';
  /** Path of the method, one of ours. */
  readonly method: string;
  readonly reason: RefusalReason;
  /** Name that a token was issued to, or name in a client certificate; absent when nothing proves one. */
  readonly principal?: string;
}

/** Calls on the control port that were refused and have no leaf of their own. */
export interface RefusalsFields {
  readonly kind: 'admin';
  readonly op: 'refusals';
  readonly count: number;
  /** Wall-clock time of the first of them, milliseconds since 1970. */
  readonly first_ms: number;
  /** Wall-clock time of the last of them, milliseconds since 1970. */
  readonly last_ms: number;
}

/** What was done by way of administration, or was refused. */
export type AdminFields = SwitchFields | RefusalFields | RefusalsFields | AcknowledgeFields;

/** A kill switch or a maintenance window begins, changes or ends. */
export interface SwitchFields {
  readonly kind: 'admin';
  readonly op: Switch['kind'];
  /**
   * `begin` = it acts from here on, in this run; `change` = it acts on with another end, scope or reason; `lift` = it was taken out of the
   * configuration; `expire` = its time is over, also when it had ended before it could act.
   */
  readonly event: SwitchEvent['event'];
  /** `bypass`, `lockdown`, or the name of the window. */
  readonly name: string;
  /** SHA-256 of what the configuration says of it, hex: see `switchDigest`. */
  readonly digest: string;
  /** When the configuration showed it for the first time, milliseconds since 1970. */
  readonly first_shown_ms: number;
  /** When it begins, as configured; absent for a kill switch. */
  readonly from_ms?: number;
  /** When it ends, as configured. */
  readonly until_ms: number;
}

/** What a start finds when the log does not go on from what was signed last. */
export interface Discontinuity {
  /**
   * `log_shorter` = there are fewer leaves than were signed, `log_differs` = they are not those that were signed,
   * `no_checkpoint` = there are leaves, and no checkpoint that a key of the log signed, `leaves_gone` = what was signed is there, and behind the
   * last leaf what was written with others.
   */
  readonly reason: 'log_shorter' | 'log_differs' | 'no_checkpoint' | 'leaves_gone';
  /** Leaves that are there. */
  readonly recovered_size: number;
  /** Leaves that were signed; 0 without a checkpoint. */
  readonly signed_size: number;
  /** Root over those, 64 lower-case hex digits; that of no leaves without a checkpoint. */
  readonly signed_root: string;
}

/** The log does not go on from what was signed last. */
export interface DiscontinuityFields extends Discontinuity {
  readonly kind: 'gap';
}

/** Somebody has seen that the log does not go on, and lets it go on all the same. */
export interface AcknowledgeFields extends Discontinuity {
  readonly kind: 'admin';
  readonly op: 'acknowledge_gap';
}

/** Another key signs from here on; its number is the `epoch` of this leaf. */
export interface KeyFields {
  readonly kind: 'key';
  /** `rotate` = it was changed, `gap` = the log does not go on from what the old key signed. */
  readonly what: 'rotate' | 'gap';
  /** C2SP verifier key that was in force. */
  readonly old_key: string;
  /** C2SP verifier key that is in force from here on. */
  readonly new_key: string;
  /** base64 of the Ed25519 signature of the old key over the change (docs/log-tree.md); empty when the old private key is gone. */
  readonly old_signature: string;
  /** The same by the new key. */
  readonly new_signature: string;
}

/** Leaves below a number are removed from here on. */
export interface PruneFields {
  readonly kind: 'prune';
  /** First leaf that is kept: a multiple of 256, smaller than `seq`. */
  readonly min_seq: number;
  /** Roots of the perfect subtrees that the leaves below it consist of, largest first, hex. */
  readonly peaks: readonly string[];
  /** Root over the `key` leaves among those, in their order, hex (RFC 6962 2.1). */
  readonly key_root: string;
  /** Principals that approved; none = retention did. */
  readonly approvers: readonly string[];
  /** Why, as a code. */
  readonly reason: 'retention';
}

/** Records that were answered as not recorded, stated once the store works again. */
export interface GapFields {
  readonly kind: 'gap';
  readonly reason: 'store_unavailable';
  /** How many records were answered as not recorded, those in `kept` included. */
  readonly records: number;
  /** `[first, last]` sequence numbers of those that are in the log after all; empty = none. */
  readonly kept: readonly number[];
  /** `[first, last]` sequence numbers of records whose callers were answered before a write that failed; they were written afterwards. Absent = none. */
  readonly late?: readonly number[];
  /** `[first, last]` sequence numbers that may have been given out for records that were lost with a run: no decision gets them. Absent = none. */
  readonly retired?: readonly number[];
  /** Wall-clock time of the first such answer, milliseconds since 1970. */
  readonly first_ms: number;
  /** Wall-clock time of the last such answer, milliseconds since 1970. */
  readonly last_ms: number;
}

/** Why a run ended: it was told to, or it could not start after the log was open. */
export type CloseReason = 'shutdown' | 'error';

/** A run of the program ends in order. */
interface CloseFields {
  readonly kind: 'close';
  readonly reason: CloseReason;
}

/** What the author of a record says; the writer adds its place in the log. */
export type LeafFields =
  | DecisionFields
  | OpenFields
  | ConfigFields
  | AdminFields
  | GapFields
  | DiscontinuityFields
  | KeyFields
  | PruneFields
  | CloseFields;

/** All kinds of leaves. */
export const LEAF_KINDS = [
  'open',
  'decision',
  'config',
  'admin',
  'gap',
  'key',
  'prune',
  'close',
] as const satisfies readonly LeafFields['kind'][];

/** The fields that every leaf has beside those of its kind. */
export interface LeafPlace {
  /** Version of the format. */
  readonly v: 1;
  /** 26 characters a-z2-7, minted once per data directory. */
  readonly log_id: string;
  /** Number of the signing key in force, from 1. */
  readonly epoch: number;
  /** Index of the leaf, from 0. */
  readonly seq: number;
  /** Wall-clock time at which the leaf got its place, milliseconds since 1970. */
  readonly time_ms: number;
  /** Monotonic time of the same moment, nanoseconds as a decimal string; comparable within one run only. */
  readonly mono_ns: string;
  /** Hex of SHA-256(0x00 || previous leaf), the leaf hash of RFC 6962 2.1; 64 zeros for seq 0. */
  readonly prev: string;
}
