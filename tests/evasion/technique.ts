import { type Format, requestOf } from './formats.js';
import type { WireRequest } from './wire-request.js';

/** A way to send a text so that it is not seen, while whoever it is sent to reads it. */
export interface Technique {
  /** The request that carries the text; undefined when the technique does not fit the format. */
  readonly apply: (format: Format, text: string) => WireRequest | undefined;
  /** Names of the payloads that it is for; absent = all. */
  readonly payloads?: readonly string[];
  /** It makes what an HTTP client or Envoy never sends, so that it can only be shown to the door itself. */
  readonly isDirect?: true;
}

export type Techniques = Readonly<Record<string, Technique>>;

/** The text is written differently, in every format. */
export function textual(disguise: (text: string) => string, payloads?: readonly string[]): Technique {
  return { apply: (format, text) => requestOf(format, format.body(disguise(text))), ...(payloads && { payloads }) };
}

/** The JSON body is written differently. */
export function inJson(rewrite: (json: string, text: string) => Buffer | string): Technique {
  return {
    apply: (format, text) => format.value && requestOf(format, rewrite(JSON.stringify(format.value(text)), text)),
  };
}

const MARK = 'M-A-R-K';

/** The literal of the string that holds the text is written differently. */
export function inLiteral(write: (text: string) => string, payloads?: readonly string[]): Technique {
  return {
    apply(format, text) {
      const json = format.value && JSON.stringify(format.value(MARK));
      if (!json?.includes(`"${MARK}"`)) return undefined;
      return requestOf(
        format,
        json.replace(`"${MARK}"`, () => write(text)),
      );
    },
    ...(payloads && { payloads }),
  };
}

/** Something else than a string holds the text. */
export function inValue(wrap: (text: string) => unknown, payloads?: readonly string[]): Technique {
  return {
    apply: (format, text) => format.value && requestOf(format, JSON.stringify(format.value(wrap(text)))),
    ...(payloads && { payloads }),
  };
}

/** The JSON body gets members of the outermost object that hold the text; its usual place holds nothing. */
export function besideIt(members: (text: string) => object): Technique {
  return {
    apply(format, text) {
      const value = format.value?.('hello');
      return value === undefined ? undefined : requestOf(format, JSON.stringify({ ...value, ...members(text) }));
    },
  };
}

/** The whole request is changed, whatever its format. A query has no body to be changed. */
export function onBody(change: (request: WireRequest) => WireRequest): Technique {
  return {
    apply: (format, text) => (format.isQuery ? undefined : change(requestOf(format, format.body(text)))),
  };
}
