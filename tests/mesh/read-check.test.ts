import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readCheck } from '../../mesh/ext-authz/read-check.js';
import { CheckRequest } from '../../proto/gen/envoy/service/auth/v3/external_auth.js';
import { GAP_KINDS } from '../../sidecar/kernel/gap.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { repositoryRoot } from '../processes/sidecar.js';
import { type CheckParts, checkBytes, checkRequest } from './check-message.js';
import { plainSettings } from './decisions.js';

interface Case extends Omit<CheckParts, 'body'> {
  readonly name: string;
  readonly body?: string;
  readonly text?: string;
  readonly gaps: readonly string[];
}

const read = (bytes: Uint8Array) => readCheck(bytes, plainSettings);
const gapsOf = (bytes: Uint8Array) => read(bytes).evaluation.gaps.map((gap) => gap.kind);
const cases = parse(readFileSync(join(repositoryRoot, 'tests/mesh/check-cases.yaml'), 'utf8')) as Case[];

for (const { name, body, text, gaps, ...parts } of cases) {
  test(`${name} has ${gaps.length === 0 ? 'no gap' : gaps.join(', ')}`, (t) => {
    const content = text ?? (body === undefined ? undefined : Buffer.from(body));
    t.deepEqual(gapsOf(checkBytes({ ...parts, ...(content && { body: content }) })), gaps);
  });
}

test('a check becomes an evaluation', (t) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = {
    'content-type': 'application/json',
    'content-encoding': 'identity',
    'x-request-id': 'req-1',
    traceparent,
    authorization: 'Bearer x',
    'x-jimini-verdict': 'ALLOW',
    'X-Jimini-Other': '1',
  };
  const { evaluation, caller } = read(checkBytes({ path: '/v1/x?a=b', id: '7', headers, body: Buffer.from('{}') }));
  t.deepEqual(evaluation, {
    door: 'ext_authz',
    direction: 'inbound',
    endpoint: '/v1/x',
    route: '/v1/x',
    tenant: '',
    content: [
      { kind: 'query', raw: 'a=b' },
      { kind: 'body', bytes: Buffer.from('{}'), contentType: 'application/json', contentEncoding: 'identity' },
    ],
    gaps: [],
    requestId: 'req-1',
    trace: { traceparent, tracestate: '' },
  });
  t.deepEqual(caller, {
    forgedHeaders: ['x-jimini-verdict', 'x-jimini-other'],
    errorShape: 'openai',
    contentType: 'application/json',
    body: Buffer.from('{}'),
    mayKnowReasons: true,
  });
});

test('a body in which no denial looks for ids is given away, where nothing else lies in its memory', (t) => {
  const givenAway = (bytes: Uint8Array) => {
    const { evaluation, caller } = read(bytes);
    return evaluation.content.some((part) => part.kind === 'body' && part.isGivenAway) && caller.body.length === 0;
  };
  const message = (length: number) => new Uint8Array(checkBytes({ body: new Uint8Array(length).fill(0x20) }));
  const large = message(LIMITS.rpcBodyBytesMax + 1);
  t.true(givenAway(large));
  t.false(givenAway(Buffer.concat([Buffer.alloc(5), large]).subarray(5)));
  t.false(givenAway(message(LIMITS.rpcBodyBytesMax)));
});

test('a header of ours is one whatever its case and with underscores, and nothing else is', (t) => {
  const forgedIn = (names: string[]) =>
    read(checkBytes({ headers: Object.fromEntries(names.map((name) => [name, '1'])) })).caller.forgedHeaders;
  const ours = ['x-jimini-verdict', 'X_JIMINI_Verdict', 'x_jimini-a', 'x-jimini--'];
  t.deepEqual(
    forgedIn(ours),
    ours.map((name) => name.toLowerCase()),
  );
  t.deepEqual(forgedIn(['x-jimini', 'x.jimini.a', 'xx-jimini-a', 'jimini-a', 'x-jiminy-a']), []);
});

test('what compresses the messages of a gRPC body is passed on, and two of it are none', (t) => {
  const codingOf = (headers: { readonly [name: string]: string }) => {
    const [content] = read(checkBytes({ headers, body: Buffer.from('x') })).evaluation.content;
    return content?.kind === 'body' ? content.messageEncoding : 'no body';
  };
  t.is(codingOf({}), undefined);
  t.is(codingOf({ 'grpc-encoding': 'gzip' }), 'gzip');
  t.is(codingOf({ 'Connect-Content-Encoding': 'br' }), 'br');
  t.is(codingOf({ 'grpc-encoding': 'gzip', 'connect-content-encoding': 'br' }), 'gzip br');
});

test('the route names endpoint, tenant and packs, and cannot drop a required pack', (t) => {
  const context = { 'jimini.endpoint': 'chat', 'jimini.tenant': 'acme', 'jimini.packs': 'pii, pci,,pii' };
  const { evaluation } = read(checkBytes({ method: 'GET', path: '/unknown', context }));
  t.like(evaluation, { endpoint: 'chat', route: 'chat', tenant: 'acme', packs: ['pii', 'pci', 'secrets'] });
});

const routed = (parts: CheckParts) =>
  readCheck(checkBytes({ method: 'GET', ...parts }), {
    ...plainSettings,
    routeOf: (endpoint) =>
      ({
        chat: { name: 'talk', packs: ['pii'] },
        '/v1/x': { name: 'ex', passesUnrecorded: true as const },
        '/v1//x': { name: 'no' },
      })[endpoint],
  }).evaluation;

test('a configured route gives its name, and its packs where the proxy names none', (t) => {
  t.like(routed({ path: '/v1/x?q=1' }), {
    endpoint: '/v1/x',
    route: 'ex',
    namedRoute: 'ex',
    passesUnrecorded: true,
    packs: undefined,
  });
  const context = { 'jimini.endpoint': 'chat' };
  t.like(routed({ path: '/v1/x', context }), { endpoint: 'chat', route: 'talk', namedRoute: 'talk', packs: ['pii'] });
  const packs = { ...context, 'jimini.packs': 'pci' };
  t.like(routed({ path: '/v1/x', context: packs }), { namedRoute: 'talk', packs: ['pci', 'secrets'] });
});

test('a path that is ambiguous, or of a tunnel, leads to no configured route; what the proxy says does', (t) => {
  t.is(routed({ path: '/v1//x' }).namedRoute, undefined);
  t.is(routed({ path: '/v1/x', method: 'CONNECT' }).namedRoute, undefined);
  t.is(routed({ path: '/v1//x', context: { 'jimini.endpoint': 'chat' } }).namedRoute, 'talk');
  const tcp = CheckRequest.fromPartial({ attributes: { contextExtensions: { 'jimini.endpoint': 'chat' } } });
  const settings = { ...plainSettings, routeOf: () => ({ name: 'talk' }) };
  t.like(readCheck(CheckRequest.encode(tcp).finish(), settings).evaluation, { route: 'talk', namedRoute: 'talk' });
});

test('a route on which more may pass is not reached by a path that servers may read differently', (t) => {
  const odd = ['/open/x;v=1', '/open/..%20/x', '/open/x%3fq', '/open/x%3B', '/open/x%23y', '/open/x.', '/open/x%20/y'];
  for (const path of odd) {
    const at = (loosens: boolean) =>
      readCheck(checkBytes({ method: 'GET', path }), {
        ...plainSettings,
        routeOf: (endpoint) =>
          endpoint.startsWith('/open/') ? { name: 'open', ...(loosens && { loosens }) } : undefined,
      }).evaluation;
    t.deepEqual([at(true).gaps, at(true).namedRoute], [[{ kind: 'path:ambiguous' }], undefined], path);
    t.deepEqual([at(false).gaps, at(false).namedRoute], [[], 'open'], path);
    t.false('loosens' in at(false));
  }
});

test('a path is content where anything but bare words and numbers stands in it', (t) => {
  const paths = (path: string) => read(checkBytes({ method: 'GET', path })).evaluation.content;
  t.deepEqual(paths('/v1/a%20b'), [{ kind: 'path', raw: '/v1/a%20b' }]);
  t.deepEqual(paths('/v1/a_b'), [{ kind: 'path', raw: '/v1/a_b' }]);
  t.deepEqual(paths('/v1/ab/12'), []);
});

test('a request whose route names no tenant has the configured one, whatever it is', (t) => {
  const tenantOf = (bytes: Uint8Array) => readCheck(bytes, { ...plainSettings, tenant: 'house' }).evaluation.tenant;
  t.is(tenantOf(checkBytes({ method: 'GET' })), 'house');
  t.is(tenantOf(checkBytes({ method: 'GET', context: { 'jimini.tenant': ' ' } })), 'house');
  t.is(tenantOf(checkBytes({ method: 'GET', context: { 'jimini.tenant': 'acme' } })), 'acme');
  t.is(tenantOf(new Uint8Array([1, 2, 3])), 'house');
});

test('the tenant is what the route says, then its metadata, then that of the request, then the principal, then the setting', (t) => {
  const tenantOf = (parts: CheckParts) =>
    readCheck(checkBytes({ method: 'GET', principal: 'spiffe://a/b', ...parts }), {
      ...plainSettings,
      tenant: 'house',
      tenantOf: (principal) => (principal === 'spiffe://a/b' ? 'of principal' : ''),
    }).evaluation.tenant;
  const requestMetadata = { jimini: { tenant: 'of request' } };
  const routeMetadata = { jimini: { tenant: 'of route' } };
  const context = { 'jimini.tenant': 'of context' };
  t.is(tenantOf({ context, routeMetadata, requestMetadata }), 'of context');
  t.is(tenantOf({ routeMetadata, requestMetadata }), 'of route');
  t.is(tenantOf({ requestMetadata }), 'of request');
  t.is(tenantOf({}), 'of principal');
  t.is(tenantOf({ principal: 'spiffe://a/c' }), 'house');
  t.is(tenantOf({ principal: 'x'.repeat(LIMITS.principalBytesMax + 1) }), 'house');
  t.is(tenantOf({ requestMetadata: { 'jimini.x': { tenant: 'of another' } } }), 'of principal');
});

test('the subject is who the trusted header of the route names, else the principal, and a client cannot say it', (t) => {
  const subjectOf = (parts: CheckParts) => read(checkBytes({ method: 'GET', ...parts })).evaluation.subject?.id;
  const context = { 'jimini.subject_header': 'X-Verified-User' };
  const headers = { 'X-Verified-User': ' alice ', 'x-user': 'mallory' };
  const principal = 'spiffe://a/b';
  t.is(subjectOf({ context, headers, principal }), 'alice');
  t.deepEqual(read(checkBytes({ context, headers })).evaluation.subject, { id: 'alice', isVerified: true });
  t.is(subjectOf({ routeMetadata: { jimini: { subject_header: 'x-verified-user' } }, headers }), 'alice');
  t.is(subjectOf({ context, principal }), principal);
  t.is(subjectOf({ context, headers: { 'x-verified-user': ' ' }, principal }), principal);
  t.is(subjectOf({ headers, principal }), principal, 'the route names no header');
  t.is(subjectOf({ headers }), undefined);
  t.is(subjectOf({ context: { 'jimini.subject_header': 'x-user' }, headers }), undefined, 'not trusted');
  t.is(subjectOf({ context, headers: { 'x-verified-user': 'x'.repeat(LIMITS.subjectCharsMax + 1) } }), undefined);
  t.is(subjectOf({}), undefined);
});

test('metadata names endpoint, direction and packs as context_extensions do', (t) => {
  const routeMetadata = { jimini: { endpoint: 'chat', direction: 'outbound', packs: ['pii', 'pci'] } };
  const { evaluation } = read(checkBytes({ method: 'GET', path: '/x', routeMetadata }));
  t.like(evaluation, { endpoint: 'chat', direction: 'outbound', packs: ['pii', 'pci', 'secrets'], gaps: [] });
});

test('our namespace of metadata is read as far as anybody could mean it', (t) => {
  const packs = (count: number) => ({ jimini: { packs: Array.from({ length: count }, () => 'p') } });
  const readPacks = (count: number) => read(checkBytes({ method: 'GET', routeMetadata: packs(count) })).evaluation;
  t.deepEqual(readPacks(LIMITS.contextValueCharsMax / 2).packs, ['p', 'secrets']);
  t.deepEqual(readPacks(LIMITS.contextValueCharsMax + 1).gaps, [{ kind: 'config:context' }]);
  const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, '']));
  const many = checkBytes({ method: 'GET', requestMetadata: { jimini: keys } });
  t.deepEqual(read(many).evaluation.gaps, [{ kind: 'config:context' }]);
});

test('our namespace twice, and anything typed in it, is refused', (t) => {
  const entry = (number: number, value: Buffer) =>
    wrap((number << 3) | 2, Buffer.concat([wrap(0x0a, Buffer.from('jimini')), wrap(0x12, value)]));
  const tenant = wrap(
    0x0a,
    Buffer.concat([wrap(0x0a, Buffer.from('tenant')), wrap(0x12, wrap(0x1a, Buffer.from('a')))]),
  );
  const check = (...entries: Buffer[]) => read(wrap(0x0a, wrap(0x6a, Buffer.concat(entries)))).evaluation;
  t.like(check(entry(1, tenant)), { tenant: 'a', gaps: [{ kind: 'http:absent' }] });
  t.deepEqual(check(entry(1, tenant), entry(1, tenant)).gaps, [{ kind: 'message:malformed' }]);
  t.deepEqual(check(entry(1, Buffer.concat([tenant, tenant]))).gaps, [{ kind: 'message:malformed' }]);
  t.deepEqual(check(entry(2, Buffer.of())).gaps, [{ kind: 'config:context' }, { kind: 'http:absent' }]);
});

/** A field with a key of one byte whose value is shorter than 128 bytes. */
const wrap = (key: number, inner: Buffer) => Buffer.concat([Buffer.from([key, inner.length]), inner]);

test('no header of a client chooses policy', (t) => {
  const headers = Object.fromEntries(
    ['endpoint', 'direction', 'packs', 'tenant'].flatMap((name) => [
      [`jimini.${name}`, 'outbound'],
      [`x-jimini-${name}`, 'outbound'],
      [`jimini-${name}`, 'outbound'],
    ]),
  );
  const plain = read(checkBytes({ method: 'GET' })).evaluation;
  t.deepEqual(read(checkBytes({ method: 'GET', headers })).evaluation, plain);
});

test('an unknown path is no label, and neither is an ambiguous one', (t) => {
  t.is(read(checkBytes({ method: 'GET', path: '/secret-4111' })).evaluation.route, 'other');
  t.is(read(checkBytes({ method: 'GET', path: '/v1//x' })).evaluation.route, 'other');
});

test('a name of a route is a label only when it is short and made of letters, digits and few signs', (t) => {
  const routeOf = (endpoint: string) =>
    read(checkBytes({ method: 'GET', path: '/v1/models', context: { 'jimini.endpoint': endpoint } })).evaluation;
  for (const endpoint of ['chat', '/v1/chat/completions', 'team-a:chat@eu', ' padded ']) {
    t.like(routeOf(endpoint), { endpoint: endpoint.trim(), route: endpoint.trim(), gaps: [] });
  }
  for (const endpoint of ['café', 'a b', 'a"b', 'a\\b', '{a}', 'x'.repeat(129)]) {
    t.like(routeOf(endpoint), { endpoint, route: 'other', gaps: [] }, endpoint);
  }
  for (const endpoint of ['a\nb', 'a\u0085b', 'a\u202eb', 'a\u2028b', 'x'.repeat(513)]) {
    const { route, gaps } = routeOf(endpoint);
    t.deepEqual([route, gaps], ['/v1/models', [{ kind: 'config:context' }]], endpoint);
  }
});

test('the request id falls back to the id of the proxy, and is bounded', (t) => {
  t.is(read(checkBytes({ id: '17' })).evaluation.requestId, '17');
  const headers = { 'x-request-id': 'r'.repeat(5000) };
  t.is(read(checkBytes({ headers })).evaluation.requestId.length, LIMITS.requestIdCharsMax);
});

test('values of the route are bounded', (t) => {
  const context = { 'jimini.packs': 'a,'.repeat(5000), 'jimini.tenant': 't'.repeat(5000) };
  const { evaluation } = read(checkBytes({ method: 'GET', context }));
  t.deepEqual(evaluation.gaps, [{ kind: 'config:context' }]);
  t.is(evaluation.tenant, '');
  t.true((evaluation.packs?.length ?? 0) <= LIMITS.contextValueCharsMax);
});

test('the body is a view of the message, not a copy', (t) => {
  const message = Buffer.from(checkBytes({ body: Buffer.from('{"a":1}') }));
  const part = read(message).evaluation.content[0];
  t.is(part?.kind === 'body' ? part.bytes.buffer : undefined, message.buffer);
});

test('of a damaged body nothing is read, of a cut one what there is', (t) => {
  const damaged = { body: '!!', headers: { 'content-encoding': 'gzip' } };
  t.deepEqual(read(checkBytes(damaged)).evaluation.content, []);
  t.is(read(checkBytes({ body: Buffer.from('{"a'), size: 9 })).evaluation.content.length, 1);
});

test('a query string that a caller gives apart from the path is content too, once', (t) => {
  const contentFor = (path: string, query: string) => {
    const check = checkRequest({ method: 'GET', path });
    const http = check.attributes?.request?.http;
    if (http) http.query = query;
    return read(CheckRequest.encode(check).finish()).evaluation.content;
  };
  t.deepEqual(contentFor('/x', 'a=b'), [{ kind: 'query', raw: 'a=b' }]);
  t.deepEqual(contentFor('/x?a=b', 'a=b'), [{ kind: 'query', raw: 'a=b' }]);
  t.deepEqual(
    contentFor('/x?a=b', 'c=d').map((part) => part.kind === 'query' && part.raw),
    ['a=b', 'c=d'],
  );
});

for (const [path, shape] of [
  ['/v1/chat/completions', 'openai'],
  ['/openai/deployments/x/chat/completions?api-version=1', 'openai'],
  ['/v1beta/openai/chat/completions', 'openai'],
  ['/v1/threads/t/messages', 'openai'],
  ['/v1/models/gpt', 'openai'],
  ['/v1/messages', 'anthropic'],
  ['/anthropic/v1/messages/count_tokens?beta=true', 'anthropic'],
  ['/v1beta/models/gemini-pro:generateContent?key=k', 'google'],
  ['/v1/models/gemini-pro:streamGenerateContent', 'google'],
  ['/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict', 'google'],
  ['/v1beta/cachedContents', 'google'],
  ['/upload/v1beta/files', 'google'],
  ['/model/anthropic.claude-v2/invoke-with-response-stream', 'bedrock'],
  ['/model/amazon.nova/converse', 'bedrock'],
  ['/model/amazon.nova/count-tokens', 'bedrock'],
  ['/v2/chat', 'cohere'],
  ['/cohere/v1/embed', 'cohere'],
  ['/v1/rerank', 'openai'],
  ['/api/chat', 'ollama'],
  ['/api/chats', 'openai'],
  ['/generate_stream', 'tgi'],
  ['/generated', 'openai'],
  ['/mcp', 'mcp'],
  ['/servers/git/mcp/', 'mcp'],
  ['/mcphub', 'openai'],
] as const) {
  test(`a caller of ${path} gets errors as of ${shape}, whatever the route calls its endpoint`, (t) => {
    t.is(read(checkBytes({ path, context: { 'jimini.endpoint': '/v1/other' } })).caller.errorShape, shape);
  });
}

test('a check without HTTP is a gap, with what the route says', (t) => {
  t.deepEqual(gapsOf(new Uint8Array(0)), ['http:absent']);
  const tcp = CheckRequest.fromPartial({
    attributes: { contextExtensions: { 'jimini.direction': 'outbound', 'jimini.x': '' } },
  });
  const { evaluation } = read(CheckRequest.encode(tcp).finish());
  t.like(evaluation, { direction: 'outbound', gaps: [{ kind: 'config:context' }, { kind: 'http:absent' }] });
});

test('names from outside never reach a prototype', (t) => {
  const headers = Object.fromEntries([
    ['__proto__', 'x'],
    ['constructor', 'x'],
    ['hasOwnProperty', 'x'],
  ]);
  const request = checkRequest({ method: 'GET', headers, context: headers });
  t.deepEqual(gapsOf(CheckRequest.encode(request).finish()), []);
  t.is(({} as { x?: string }).x, undefined);
});

const twice = test.macro({
  title: (title) => `${title} twice is malformed, because decoders disagree on which one counts`,
  exec(t, first: CheckParts, second: CheckParts) {
    const both = Buffer.concat([first, second].map((parts) => checkBytes(parts)));
    t.deepEqual(gapsOf(both), ['message:malformed']);
  },
});
test('attributes', twice, { method: 'GET' }, { method: 'GET' });

test('a field of the request twice is malformed', (t) => {
  const once = CheckRequest.encode(checkRequest({ method: 'GET', path: '/a', body: Buffer.from('b') })).finish();
  const parts = fieldsOfHttp(Buffer.from(once));
  t.deepEqual(gapsOf(checkOfHttp(parts)), []);
  for (const part of parts) t.deepEqual(gapsOf(checkOfHttp([...parts, part])), ['message:malformed']);
  const textToo = Buffer.from([0x5a, 0x01, 0x61]);
  t.deepEqual(gapsOf(checkOfHttp([...parts, textToo])), ['message:malformed']);
});

/** The fields of `attributes.request.http` of a message whose other fields are absent and whose lengths fit one byte. */
function fieldsOfHttp(message: Buffer): Buffer[] {
  const http = message.subarray(6);
  const fields: Buffer[] = [];
  for (let at = 0; at < http.length; at += 2 + (http[at + 1] ?? 0))
    fields.push(http.subarray(at, at + 2 + (http[at + 1] ?? 0)));
  return fields;
}

function checkOfHttp(fields: readonly Buffer[]): Buffer {
  return wrap(0x0a, wrap(0x22, wrap(0x12, Buffer.concat(fields))));
}

const anyRequest: fc.Arbitrary<CheckParts> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'CONNECT', 'x'),
  path: fc.string(),
  id: fc.string({ unit: 'grapheme' }),
  headers: fc.dictionary(
    fc.oneof(fc.constantFrom('content-type', 'content-length', 'upgrade', 'x-jimini-a', 'x-request-id'), fc.string()),
    fc.string({ unit: 'grapheme' }),
  ),
  body: fc.oneof(fc.string(), fc.uint8Array()),
  size: fc.integer({ min: -1, max: 100 }),
  context: fc.dictionary(fc.constantFrom('jimini.packs', 'jimini.tenant', 'other'), fc.string({ unit: 'grapheme' })),
  routeMetadata: fc.dictionary(fc.constantFrom('jimini', 'other'), fc.object()),
  requestMetadata: fc.dictionary(
    fc.constantFrom('jimini', 'other'),
    fc.dictionary(fc.constantFrom('tenant', 'packs'), fc.jsonValue()),
  ),
  principal: fc.string({ unit: 'grapheme' }),
});

test('any bytes at all give an evaluation with a known gap', (t) => {
  const known = (bytes: Uint8Array) => gapsOf(bytes).every((kind) => Object.hasOwn(GAP_KINDS, kind));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => t.true(known(bytes))));
  fc.assert(
    fc.property(anyRequest, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (parts, at, byte, cut) => {
      const bytes = checkBytes(parts);
      bytes[at % Math.max(1, bytes.length)] = byte;
      t.true(known(bytes));
      t.true(known(bytes.subarray(0, cut % (bytes.length + 1))));
    }),
    { numRuns: 500 },
  );
});

/** What the first source that names a tenant says, if it is text. */
function tenantIn(attributes: CheckRequest['attributes']): string {
  const said = [
    [attributes?.contextExtensions, 'jimini.tenant'],
    [attributes?.routeMetadataContext?.filterMetadata['jimini'], 'tenant'],
    [attributes?.metadataContext?.filterMetadata['jimini'], 'tenant'],
  ] as const;
  const [words, key] = said.find(([of, name]) => of && Object.hasOwn(of, name)) ?? [];
  const value: unknown = words?.[key ?? ''];
  const texts = Array.isArray(value) ? value : [value];
  return texts.every((text) => typeof text === 'string') ? texts.join(',') : '';
}

test('our reader and the generated decoder see the same request', (t) => {
  fc.assert(
    fc.property(anyRequest, (parts) => {
      const bytes = checkBytes(parts);
      const { evaluation } = read(bytes);
      const http = CheckRequest.decode(bytes).attributes?.request?.http;
      const sent = http?.rawBody.length ? http.rawBody : Buffer.from(http?.body ?? '');
      const part = evaluation.content.find((content) => content.kind === 'body');
      if (part?.kind === 'body') t.deepEqual(Buffer.from(part.bytes), Buffer.from(sent));
      t.is(evaluation.requestId, (http?.headers['x-request-id'] ?? http?.id ?? '').slice(0, LIMITS.requestIdCharsMax));
      const tenant = tenantIn(CheckRequest.decode(bytes).attributes);
      t.is(evaluation.tenant, /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(tenant) ? '' : tenant.trim());
      if (part?.kind === 'body') t.is(part.contentType, http?.headers['content-type'] ?? '');
    }),
    { numRuns: 500 },
  );
});
