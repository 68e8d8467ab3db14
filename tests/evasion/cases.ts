import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../processes/sidecar.js';
import { BODY_TECHNIQUES } from './body-techniques.js';
import { FORMATS, requestOf } from './formats.js';
import { JSON_TECHNIQUES } from './json-techniques.js';
import { TARGET_TECHNIQUES } from './target-techniques.js';
import type { Techniques } from './technique.js';
import { TEXT_TECHNIQUES } from './text-techniques.js';
import { post, type WireRequest } from './wire-request.js';

/** A text that some rule blocks. */
export interface Payload {
  readonly name: string;
  readonly text: string;
}

/** One technique in one format. */
export interface EvasionCase {
  readonly technique: string;
  readonly format: string;
  /** An HTTP client cannot send it through Envoy. */
  readonly isDirect: boolean;
  /** What is planted, and the request that hides it. */
  readonly planted: readonly { readonly payload: string; readonly request: WireRequest }[];
  /** A text that nobody minds, written in the same way. */
  readonly twin: WireRequest;
}

/** Something that is known to pass unseen. */
export interface KnownMiss {
  readonly technique: string;
  /** Payloads and formats that pass; absent = all. */
  readonly payloads?: readonly string[];
  readonly formats?: readonly string[];
  readonly why: string;
}

const HARMLESS = 'The plants in the garden are fine, and tea is at 17:30.';
const folder = join(repositoryRoot, 'tests', 'evasion');
const data = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;

/** A pack for payloads that only rules of single endpoints find. */
export const SCOPED_PACK = join(folder, 'scoped.yaml');
export const KNOWN_MISSES = data<readonly KnownMiss[]>('known-misses.json');
/** By technique and format (`*`: those that are not named), the gaps that a harmless text has in it. */
export const TWIN_GAPS = data<Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>('twin-gaps.json');
const payloads = data<readonly Payload[]>('payloads.json');
const techniques: Techniques = {
  ...TEXT_TECHNIQUES,
  ...JSON_TECHNIQUES,
  ...BODY_TECHNIQUES,
  ...TARGET_TECHNIQUES,
};

/** A text, a JSON value, a path or a query string that looks like some technique and is none. */
export interface Harmless {
  readonly title: string;
  readonly text?: string;
  readonly json?: unknown;
  readonly path?: string;
  readonly query?: string;
}

export const HARMLESS_REQUESTS = data<readonly Harmless[]>('harmless.json');

/** Requests that hold it, each in another format. */
export function requestsOf({ text, json, path, query }: Harmless): readonly WireRequest[] {
  const formats = Object.values(FORMATS);
  if (text !== undefined) return formats.map((format) => requestOf(format, format.body(text)));
  if (json !== undefined) {
    const bodies = formats.flatMap(({ value, ...format }) =>
      value ? [[format, JSON.stringify(value(json))] as const] : [],
    );
    return bodies.map(([format, body]) => requestOf(format, body));
  }
  const target = query === undefined ? (path ?? '') : `/v1/chat/completions?${query}`;
  return [post(target, 'application/json', JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] }))];
}

/** Names of all techniques. */
export const TECHNIQUES: readonly string[] = Object.keys(techniques);

/** One technique in all formats that it fits. */
export function casesOf(technique: string): readonly EvasionCase[] {
  const { apply, payloads: names, isDirect = false } = techniques[technique] as Techniques[string];
  return Object.entries(FORMATS).flatMap(([format, written]) => {
    const twin = apply(written, HARMLESS);
    if (twin === undefined) return [];
    const planted = payloads
      .filter(({ name }) => names?.includes(name) ?? true)
      .flatMap(({ name, text }) => {
        const request = apply(written, text);
        return request ? [{ payload: name, request }] : [];
      });
    return [{ technique, format, isDirect, planted, twin }];
  });
}

/** The known miss that says that this passes; undefined when it must not. */
export function knownMiss(technique: string, format: string, payload: string): KnownMiss | undefined {
  return KNOWN_MISSES.find(
    (miss) =>
      miss.technique === technique &&
      (miss.formats?.includes(format) ?? true) &&
      (miss.payloads?.includes(payload) ?? true),
  );
}

/** The gaps that the twin has. */
export function twinGaps(technique: string, format: string): readonly string[] {
  const gaps = TWIN_GAPS[technique];
  return gaps?.[format] ?? gaps?.['*'] ?? [];
}
