import type { JsonPlace } from './json-walk.js';

/** What stands at a place of a body: a request to a model, one of another program, its answer, or only what holds some. */
type RequestKind = 'request' | 'rpc' | 'result' | undefined;

/** A place of a body where requests may stand, and the places below it. */
export interface RequestShape {
  readonly kind: RequestKind;
  readonly members: ReadonlyMap<string | number, RequestShape>;
  /** Shape of the elements of a list. */
  readonly element: RequestShape | undefined;
}

/**
 * Places of a JSON body that hold a whole request to a model, `*` being any element of a list; by the public API
 * references of those named. A request anywhere else (in the result of a tool, in metadata) is text like any other:
 * what a tool writes must not choose a role for itself.
 */
const REQUEST_PATHS: Readonly<Record<string, Exclude<RequestKind, undefined>>> = {
  '': 'request',
  // OpenAI: line of a batch, thread that is created with a run, realtime session.
  body: 'request',
  thread: 'request',
  session: 'request',
  // Anthropic message batches.
  'requests/*/params': 'request',
  // Gemini: batchEmbedContents, countTokens, batchGenerateContent, line of a batch.
  'requests/*': 'request',
  generateContentRequest: 'request',
  'batch/inputConfig/requests/requests/*/request': 'request',
  'batch/input_config/requests/requests/*/request': 'request',
  request: 'request',
  // Vertex AI predict.
  'instances/*': 'request',
  // Line of an Amazon Bedrock batch, CountTokens.
  modelInput: 'request',
  'input/converse': 'request',
  // Alibaba Model Studio.
  input: 'request',
  // JSON-RPC 2.0, batches included: the Model Context Protocol and Agent2Agent. Neither side instructs the other's model.
  params: 'rpc',
  '*/params': 'rpc',
  result: 'result',
  '*/result': 'result',
};

/** The shape of a whole body. */
export const WHOLE_BODY: RequestShape = shapeOf(Object.entries(REQUEST_PATHS));

/** Where a member stands in the request around it. */
interface Located {
  /** Undefined when no request is further down. */
  readonly shape: RequestShape | undefined;
  /** Name of the member of the innermost request that leads to the place; undefined for that request itself. */
  readonly member: string | number | undefined;
}

/** The shape of a container whose parent has `around`. A list that should be an object is none, and the reverse. */
export function innerShape(around: RequestShape, place: JsonPlace): RequestShape | undefined {
  const shape = place.parent?.isArray ? around.element : around.members.get(place.name);
  if (shape === undefined) return undefined;
  return place.isArray === (shape.element !== undefined) ? shape : undefined;
}

/** Name of the member of the innermost request that the member which is being read stands in, or is; and whether it is. */
export function requestMemberOf(place: JsonPlace): { readonly name: string | number; readonly isOwn: boolean } {
  const { member } = locate(place);
  return { name: member ?? place.member, isOwn: member === undefined };
}

/** Whether a container is a request by itself. */
export function isRequest(place: JsonPlace): boolean {
  const { shape, member } = locate(place);
  return shape?.kind !== undefined && member === undefined;
}

/** Recursion is as deep as JSON may be. */
function locate(place: JsonPlace): Located {
  if (place.parent === undefined) return { shape: WHOLE_BODY, member: undefined };
  const around = locate(place.parent);
  const shape = around.shape && innerShape(around.shape, place);
  if (shape?.kind !== undefined) return { shape, member: undefined };
  return { shape, member: around.member ?? place.name };
}

function shapeOf(paths: readonly (readonly [path: string, kind: Exclude<RequestKind, undefined>])[]): RequestShape {
  const byFirst = Map.groupBy(
    paths.filter(([path]) => path !== ''),
    ([path]) => path.split('/', 1)[0] as string,
  );
  const below = Array.from(byFirst, ([first, group]) => {
    const rests = group.map(([path, kind]) => [path.slice(first.length + 1), kind] as const);
    return [first, shapeOf(rests)] as const;
  });
  const members = new Map(below.filter(([first]) => first !== '*'));
  return { kind: paths.find(([path]) => path === '')?.[1], members, element: Object.fromEntries(below)['*'] };
}
