import type { Content, Evaluation, Subject, TraceContext } from '../../sidecar/kernel/evaluation.js';
import type { Gap, GapKind } from '../../sidecar/kernel/gap.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { hasOwnMemory } from '../../sidecar/kernel/own-memory.js';
import { checkNesting } from '../protobuf-depth.js';
import { bodyGap } from './body-gap.js';
import { type CheckFields, readCheckFields } from './check-fields.js';
import { CHECK_REQUEST_SHAPE } from './check-shape.js';
import type { DeniedCaller } from './denial.js';
import { errorShapeOf } from './error-shape.js';
import type { HttpFields } from './http-fields.js';
import { type RouteContext, type RouteContextOptions, readRouteContext } from './route-context.js';

/** What the door needs to know to read a check. */
export interface CheckSettings extends RouteContextOptions {
  /** Splits and normalises a request target; `ambiguous` = servers differ on what its path means. */
  readonly readPath: (rawPath: string) => {
    readonly path: string;
    readonly query: string;
    readonly ambiguous: boolean;
  };
  /** Bounded label of a normalised path: the path if it is a known API's, else `other`. */
  readonly pathLabel: (path: string) => string;
  /** The route that the configuration names for an endpoint, and what it says; undefined = none, as for no endpoint. */
  readonly routeOf: (
    endpoint: string,
  ) =>
    | ({ readonly name: string; readonly loosens?: true } & Pick<Evaluation, 'passesUnrecorded' | 'packs' | 'capture'>)
    | undefined;
  /** Whether denied callers are told titles of rules and kinds of gaps, or the decision id alone. */
  readonly tellsReasons: boolean;
}

/** One check, understood as far as it can be. */
export interface Check {
  readonly evaluation: Evaluation;
  readonly caller: Caller;
}

/** What the answer depends on besides the decision. */
export interface Caller extends DeniedCaller {
  /** `x-jimini-*` headers that the client made up. */
  readonly forgedHeaders: readonly string[];
}

const NO_BYTES = new Uint8Array(0);

/** A caller of whom nothing is known. */
export const UNKNOWN_CALLER: Caller = {
  forgedHeaders: [],
  errorShape: 'openai',
  contentType: '',
  body: NO_BYTES,
  mayKnowReasons: false,
};

/**
 * Reads the bytes of a CheckRequest. Pure and total: whatever arrives gives an evaluation, and what could not be
 * understood is a gap in it, so that policy decides and the log has a record.
 */
export function readCheck(bytes: Uint8Array, settings: CheckSettings): Check {
  const nesting = checkNesting(bytes, CHECK_REQUEST_SHAPE, LIMITS.protobufDepthMax);
  if (nesting === 'too_deep') return unreadable('message:depth', settings);
  const fields = nesting === 'ok' ? readCheckFields(bytes, settings.trustedHeaders) : undefined;
  if (fields === undefined) return unreadable('message:malformed', settings);
  const context = readRouteContext(fields, settings);
  const isOwned = hasOwnMemory(bytes);
  const check = fields.http
    ? checkOfHttp(fields.http, isOwned, context, settings)
    : checkWithoutHttp(context, settings);
  const subject = subjectOf(fields, context);
  return subject ? { ...check, evaluation: { ...check.evaluation, subject } } : check;
}

/** The person that the trusted header of the route names; without such a header, whom the client's certificate names. */
function subjectOf({ http, principal }: CheckFields, { subjectHeader }: RouteContext): Subject | undefined {
  const named = subjectHeader === '' ? undefined : http?.headers.get(subjectHeader)?.trim();
  const id = named || principal;
  return id === '' || id.length > LIMITS.subjectCharsMax ? undefined : { id, isVerified: true };
}

function unreadable(kind: GapKind, { tenant, tellsReasons }: CheckSettings): Check {
  const evaluation: Evaluation = {
    door: 'ext_authz',
    direction: '',
    endpoint: '',
    route: 'other',
    tenant,
    content: [],
    gaps: [{ kind }],
    requestId: '',
  };
  return { evaluation, caller: { ...UNKNOWN_CALLER, mayKnowReasons: tellsReasons } };
}

function checkWithoutHttp(context: RouteContext, settings: CheckSettings): Check {
  const { direction, endpoint, tenant } = context;
  const { evaluation, caller } = unreadable('http:absent', settings);
  const gaps = [...contextGaps(context), ...evaluation.gaps];
  return {
    caller,
    evaluation: { ...evaluation, tenant, direction, endpoint, gaps, ...routeOf('', context, settings) },
  };
}

function checkOfHttp(http: HttpFields, isOwned: boolean, context: RouteContext, settings: CheckSettings): Check {
  const { headers } = http;
  // In a larger body no denial looks for ids.
  const isGivenAway = isOwned && http.body.length > LIMITS.rpcBodyBytesMax;
  const gaps = contextGaps(context);
  const tunnel = tunnelGap(http);
  const body = tunnel === undefined ? bodyGap(http) : undefined;
  // The target of a CONNECT is an authority, not a path (RFC 9112 3.2.3).
  const target = tunnel === 'http:connect' ? undefined : settings.readPath(http.path);
  const path = target?.path ?? '';
  const isAmbiguous = target?.ambiguous === true || leadsAstray(path, context, settings);
  if (isAmbiguous) gaps.push({ kind: 'path:ambiguous' });
  if (tunnel !== undefined) gaps.push({ kind: tunnel });
  if (body !== undefined) gaps.push({ kind: body });
  return {
    evaluation: {
      door: 'ext_authz',
      direction: context.direction,
      endpoint: context.endpoint || path,
      tenant: context.tenant,
      ...routeOf(isAmbiguous ? '' : path, context, settings),
      content: contentOf(http, target, { gap: body, isGivenAway }),
      gaps,
      requestId: (headers.get('x-request-id') ?? http.id).slice(0, LIMITS.requestIdCharsMax),
      ...traceOf(headers),
    },
    caller: {
      forgedHeaders: [...http.clientJiminiHeaders],
      errorShape: errorShapeOf(path),
      contentType: headers.get('content-type') ?? '',
      body: isGivenAway ? NO_BYTES : http.body,
      mayKnowReasons: settings.tellsReasons,
    },
  };
}

/** What some servers end or change a path at: parameters, an encoded mark of a query or fragment, segments that end in blanks or dots. */
const CUT_SOMEWHERE = /;|%(?:3b|3f|23)|(?:%20|\.)(?:\/|$)/i;

/** Whether a path that servers may read differently leads to a route on which more may pass. Elsewhere it costs nothing to be wrong. */
function leadsAstray(path: string, { endpoint }: RouteContext, { routeOf: find }: CheckSettings): boolean {
  return endpoint === '' && CUT_SOMEWHERE.test(path) && find(path)?.loosens === true;
}

/** Signs without which a path is made of bare words and numbers, as those of nearly all APIs are. */
const SAYS_MORE = /[^A-Za-z0-9/]/;

/** Bytes of an upgraded or tunnelled connection never come by here. Envoy shows an extended CONNECT as an upgrade. */
function tunnelGap(http: HttpFields): GapKind | undefined {
  if (http.headers.has('upgrade') || http.headers.has(':protocol')) return 'http:upgrade';
  return http.method === 'CONNECT' ? 'http:connect' : undefined;
}

function contentOf(
  http: HttpFields,
  target: { readonly path: string; readonly query: string } | undefined,
  { gap, isGivenAway }: { readonly gap: GapKind | undefined; readonly isGivenAway: boolean },
): Content[] {
  const content: Content[] = [];
  const { path, query } = target ?? { path: '', query: '' };
  if (SAYS_MORE.test(path)) content.push({ kind: 'path', raw: path });
  if (query !== '') content.push({ kind: 'query', raw: query });
  if (http.query !== '' && http.query !== query) content.push({ kind: 'query', raw: http.query });
  // A cut body is still read for what it shows; of damaged bytes nothing is left to read.
  if (http.body.length > 0 && gap !== 'body:damaged') {
    content.push({
      kind: 'body',
      bytes: http.body,
      contentType: http.headers.get('content-type') ?? '',
      contentEncoding: http.headers.get('content-encoding') ?? '',
      ...messageEncodingOf(http.headers),
      ...(isGivenAway && { isGivenAway }),
    });
  }
  return content;
}

/** What compressed messages of a gRPC body are compressed by; both names at once make a coding that nobody knows. */
function messageEncodingOf(headers: ReadonlyMap<string, string>): { messageEncoding?: string } {
  const named = [headers.get('grpc-encoding'), headers.get('connect-content-encoding')];
  const names = named.filter((name) => name !== undefined);
  return names.length === 0 ? {} : { messageEncoding: names.join(' ') };
}

function contextGaps(context: RouteContext): Gap[] {
  const gaps: Gap[] = [];
  if (context.isInvalid) gaps.push({ kind: 'config:context' });
  if (context.hasNoPacks) gaps.push({ kind: 'config:packs' });
  return gaps;
}

/** What the proxy's tracer, or without one the client, put on the checked request. */
function traceOf(headers: ReadonlyMap<string, string>): { trace?: TraceContext } {
  const traceparent = headers.get('traceparent');
  return traceparent === undefined ? {} : { trace: { traceparent, tracestate: headers.get('tracestate') ?? '' } };
}

/** What names the route: the configuration, else the proxy, else the path if it is clear. The proxy's packs go before the configuration's. */
function routeOf(
  path: string,
  context: RouteContext,
  settings: CheckSettings,
): Pick<Evaluation, 'route' | 'namedRoute' | 'passesUnrecorded' | 'packs' | 'capture'> {
  const { name, loosens: _, ...said } = settings.routeOf(context.endpoint || path) ?? {};
  return {
    route: name ?? (context.label || settings.pathLabel(path)),
    ...(name !== undefined && { namedRoute: name }),
    ...said,
    ...(context.packs && { packs: context.packs }),
  };
}
