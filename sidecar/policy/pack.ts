import type { Direction, Role } from '../kernel/evaluation.js';
import type { Action } from '../kernel/verdict.js';
import type { Mask } from './mask.js';
import type { CompiledPattern } from './pattern.js';
import type { Validator } from './validators.js';

/** The text of one pack file. */
export interface PackSource {
  /** File name without extension: the name of a pack of the older format. */
  readonly name: string;
  /** Path as it is shown in messages. */
  readonly file: string;
  readonly text: string;
}

export interface LoadOptions {
  /** The pack ships with the program: patterns whose cost is provably bounded run on JavaScript's own engine. */
  readonly builtin?: boolean;
  /** What `request_body` and `response_body` mean in packs of the older format: nothing, or inbound and outbound. */
  readonly ancestorDirections?: 'inert' | 'map';
  /** The examples of this very text were found to hold before, and are not judged again. */
  readonly examplesHold?: boolean;
}

/** Something that is wrong, or doubtful, with a pack. Line and column count from 1. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A place in a pack file. */
export type Place = Pick<Problem, 'line' | 'column'>;

/** What loading gave: a pack only when there is no error. */
export interface LoadedPack {
  readonly pack?: Pack;
  readonly problems: readonly Problem[];
}

export interface Pack {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly file: string;
  /** SHA-256 of the file's text, lower-case hex. */
  readonly digest: string;
  /** `full`, or `ancestor` for the older format without name and version. */
  readonly format: 'full' | 'ancestor';
  readonly builtin: boolean;
  readonly ancestorDirections: 'inert' | 'map';
  readonly rules: readonly Rule[];
  /** Exceptions for rules of this pack and of others. */
  readonly except: readonly NamedAllowedValues[];
}

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly severity: string;
  readonly action: Action;
  readonly pattern?: RulePattern;
  /** Matches when there are strictly more code points. */
  readonly maxChars?: number;
  readonly llmPrompt?: LlmPrompt;
  /** Empty: every direction. */
  readonly appliesTo: readonly string[];
  /** Empty: everywhere. */
  readonly endpoints: readonly string[];
  /** Whose text the pattern is tried on; empty: everybody's. */
  readonly roles: readonly Role[];
  readonly enforce: boolean;
  readonly suppresses: readonly SuppressedRule[];
  readonly exempts: readonly Exemption[];
  /** As `exempts`, but what is taken from the other rule is only its severity: its match flags, whatever its action. */
  readonly lowers: readonly Exemption[];
  readonly except: readonly AllowedValues[];
  readonly tags: readonly string[];
  readonly mask: Mask;
  readonly enabled: boolean;
  readonly examples: readonly Example[];
  readonly place: Place;
}

/** The condition `pattern` with what refines it. */
export interface RulePattern {
  readonly source: string;
  readonly compiled: CompiledPattern;
  readonly minCount: number;
  /** Tried only in a segment that holds one of these; empty: everywhere. */
  readonly keywords: readonly string[];
  readonly validators: readonly Validator[];
  readonly context?: ContextRule;
  /** 0 to 1. */
  readonly score: number;
}

/** The condition `llm_prompt`: a question to a classifier. */
export interface LlmPrompt {
  readonly prompt: string;
  /** Name of the classifier, which the configuration gives a meaning. */
  readonly classifier: string;
  readonly place: Place;
}

export interface ContextRule {
  readonly words: readonly string[];
  /** Characters searched before and after a match. */
  readonly windowChars: number;
  readonly required: boolean;
  /** A match that is the whole text, but for a few blanks, counts without a word: a field that holds nothing else. */
  readonly alone: boolean;
  readonly raise: number;
}

/** A rule of any pack: `id` (own pack first) or `pack/id`. */
export interface RuleReference {
  readonly id: string;
  readonly place: Place;
}

export interface SuppressedRule extends RuleReference {
  readonly where: 'overlap' | 'anywhere';
}

/** Where, for whom and how long an exception holds. */
export interface ExceptionLimits {
  readonly endpoint?: string;
  readonly tenant?: string;
  /** First millisecond since 1970 at which it no longer holds. */
  readonly expiresMs?: number;
}

/** `inside`: matches of the other rule inside of one of this rule; `text`: all that are in the same text as one. */
export interface Exemption extends RuleReference, ExceptionLimits {
  readonly where: 'inside' | 'text';
}

/** Texts that a rule may find without matching. */
export interface AllowedValues extends ExceptionLimits {
  /** As they are compared: see allowed-values.ts. */
  readonly values: readonly string[];
  /** SHA-256 of others, lower-case hex. */
  readonly digests: readonly string[];
  readonly place: Place;
}

/** Of a rule of any pack. */
export type NamedAllowedValues = AllowedValues & RuleReference;

/** A text for which a rule, by itself, must or must not match. */
export interface Example {
  readonly matches: boolean;
  readonly text: string;
  readonly role: Role;
  readonly pointer: string;
  readonly direction?: Direction;
  readonly endpoint?: string;
  readonly place: Place;
}
