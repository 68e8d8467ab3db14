/** A request as a client puts it on the wire. */
export interface WireRequest {
  readonly method: string;
  /** Request target with its query string. */
  readonly path: string;
  /** Names in lower case, in order; a name may stand there twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** A POST with a body of one type. An empty type sends none. */
export function post(path: string, contentType: string, body: Buffer | string): WireRequest {
  const headers = contentType === '' ? [] : [['content-type', contentType] as const];
  return { method: 'POST', path, headers, body: Buffer.from(body) };
}

/** The request with the header of this name replaced by these values, each a header of its own. */
export function withHeader(request: WireRequest, name: string, ...values: readonly string[]): WireRequest {
  const others = request.headers.filter(([other]) => other !== name);
  return { ...request, headers: [...others, ...values.map((value) => [name, value] as const)] };
}
