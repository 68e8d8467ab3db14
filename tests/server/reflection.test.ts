import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type ClientDuplexStream, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { ServerReflectionRequest, ServerReflectionResponse } from '../../proto/gen/grpc/reflection/v1/reflection.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { REFLECTION_SERVICES } from '../../sidecar/server/reflection.js';
import { END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, prefix, rawConnection } from './raw-http2.js';
import { call, client, descriptorSet, method, serve, until } from './rig.js';

type Ask = NonNullable<ServerReflectionRequest['messageRequest']>;
type Reply = ServerReflectionResponse['messageResponse'];

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
const methods = new Map([
  [CHECK, method(async (message) => message)],
  ['/jimini.v1.PolicyService/ListRules', method(async () => Buffer.alloc(0))],
]);

function stream(t: ExecutionContext, address: string, service: string) {
  const encode = (request: ServerReflectionRequest) => Buffer.from(ServerReflectionRequest.encode(request).finish());
  const decode = (bytes: Buffer) => ServerReflectionResponse.decode(bytes);
  return client(t, address).makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, encode, decode);
}

/** Asks one after the other on one stream; a status ends it. */
async function ask(
  opened: ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>,
  asked: readonly (Ask | undefined)[],
): Promise<Reply[]> {
  for (const messageRequest of asked) opened.write({ host: 'here', messageRequest });
  opened.end();
  const replies: Reply[] = [];
  for await (const { messageResponse } of opened) replies.push(messageResponse);
  return replies;
}

function fileNames(reply: Reply): string[] {
  if (reply?.$case !== 'fileDescriptorResponse') return [];
  return reply.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

for (const service of REFLECTION_SERVICES) {
  test(`${service} lists the services of this server and no others`, async (t) => {
    const { address } = await serve(t, { methods, descriptorSet });
    const [reply] = await ask(stream(t, address, service), [{ $case: 'listServices', value: '' }]);
    t.deepEqual(reply?.$case === 'listServicesResponse' && reply.value.service.map(({ name }) => name), [
      'envoy.service.auth.v3.Authorization',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'jimini.v1.PolicyService',
    ]);
  });
}

const declares = test.macro({
  async exec(t: ExecutionContext, symbol: string, file: string) {
    const { address } = await serve(t, { methods, descriptorSet });
    const opened = stream(t, address, REFLECTION_SERVICES[0] ?? '');
    const [reply] = await ask(opened, [{ $case: 'fileContainingSymbol', value: symbol }]);
    t.is(fileNames(reply)[0], file);
  },
  title: (_, symbol: string) => `${symbol} is found in its file`,
});
test('a service:', declares, 'jimini.v1.PolicyService', 'jimini/v1/policy.proto');
test('a method:', declares, 'jimini.v1.PolicyService.Evaluate', 'jimini/v1/policy.proto');
test('a message:', declares, 'jimini.v1.EvaluateRequest', 'jimini/v1/policy.proto');
test('a field:', declares, 'jimini.v1.EvaluateRequest.text', 'jimini/v1/policy.proto');
test('a nested type:', declares, 'jimini.v1.EvaluateRequest.MetadataEntry', 'jimini/v1/policy.proto');
test('an enum:', declares, 'jimini.v1.Verdict', 'jimini/v1/policy.proto');
test('an enum value:', declares, 'jimini.v1.VERDICT_BLOCK', 'jimini/v1/policy.proto');
test('an extension:', declares, 'google.api.http', 'google/api/annotations.proto');
test(
  'a nested type of Envoy:',
  declares,
  'envoy.service.auth.v3.AttributeContext.HttpRequest',
  'envoy/service/auth/v3/attribute_context.proto',
);
test(
  'a oneof:',
  declares,
  'envoy.service.auth.v3.CheckResponse.http_response',
  'envoy/service/auth/v3/external_auth.proto',
);

test('a file comes with everything it imports, and imports come once per stream', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const file: Ask = { $case: 'fileByFilename', value: 'envoy/service/auth/v3/external_auth.proto' };
  const [first, again] = await ask(stream(t, address, REFLECTION_SERVICES[0] ?? ''), [file, file]);
  const names = new Set(fileNames(first));
  t.true(names.size > 10);
  if (first?.$case === 'fileDescriptorResponse') {
    for (const bytes of first.value.fileDescriptorProto) {
      for (const wanted of fromBinary(FileDescriptorProtoSchema, bytes).dependency) t.true(names.has(wanted), wanted);
    }
  }
  t.deepEqual(fileNames(again), [file.value]);
});

test('extensions are found by message and number, and listed', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const containingType = 'google.protobuf.MethodOptions';
  const [found, unknown, numbers, none] = await ask(stream(t, address, REFLECTION_SERVICES[0] ?? ''), [
    { $case: 'fileContainingExtension', value: { containingType, extensionNumber: 72_295_728 } },
    { $case: 'fileContainingExtension', value: { containingType, extensionNumber: 1 } },
    { $case: 'allExtensionNumbersOfType', value: containingType },
    { $case: 'allExtensionNumbersOfType', value: 'jimini.v1.EvaluateRequest' },
  ]);
  t.is(fileNames(found)[0], 'google/api/annotations.proto');
  t.like(unknown, { $case: 'errorResponse', value: { errorCode: status.NOT_FOUND } });
  t.true(numbers?.$case === 'allExtensionNumbersResponse' && numbers.value.extensionNumber.includes(72_295_728));
  t.deepEqual(none, {
    $case: 'allExtensionNumbersResponse',
    value: { baseTypeName: 'jimini.v1.EvaluateRequest', extensionNumber: [] },
  });
});

test('what is not known is an error in the stream, and the stream goes on', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const replies = await ask(stream(t, address, REFLECTION_SERVICES[0] ?? ''), [
    { $case: 'fileContainingSymbol', value: 'no.such.Thing' },
    { $case: 'fileContainingSymbol', value: '__proto__' },
    { $case: 'fileByFilename', value: '../../etc/passwd' },
    { $case: 'allExtensionNumbersOfType', value: 'no.such.Thing' },
    undefined,
    { $case: 'fileContainingSymbol', value: 'jimini.v1.Verdict' },
  ]);
  t.deepEqual(
    replies.map((reply) => reply?.$case === 'errorResponse' && reply.value.errorCode),
    [status.NOT_FOUND, status.NOT_FOUND, status.NOT_FOUND, status.NOT_FOUND, status.INVALID_ARGUMENT, false],
  );
});

test('a stream that asks without end, or for a name without end, is stopped, and others are served', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const question: Ask = { $case: 'fileContainingSymbol', value: 'jimini.v1.Verdict' };
  const endless = Array.from({ length: LIMITS.reflectionRequestsMax + 1 }, () => question);
  await t.throwsAsync(ask(stream(t, address, REFLECTION_SERVICES[0] ?? ''), endless), {
    code: status.RESOURCE_EXHAUSTED as never,
  });
  const long: Ask = { $case: 'fileByFilename', value: 'x'.repeat(1024 * 1024) };
  await t.throwsAsync(ask(stream(t, address, REFLECTION_SERVICES[0] ?? ''), [long]), {
    code: status.RESOURCE_EXHAUSTED as never,
  });
  t.deepEqual(await call(client(t, address), 'alive', { path: CHECK }), { answer: 'alive' });
});

test('without a descriptor set there is no reflection', async (t) => {
  const { address } = await serve(t, { methods });
  const opened = stream(t, address, REFLECTION_SERVICES[0] ?? '');
  await t.throwsAsync(ask(opened, [{ $case: 'listServices', value: '' }]), { code: status.UNIMPLEMENTED as never });
});

test('buf curl calls a method knowing nothing but the address', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const buf = fileURLToPath(new URL('../../../node_modules/.bin/buf', import.meta.url));
  const run = (...args: string[]) => promisify(execFile)(buf, ['curl', '--protocol', 'grpc', ...args]);
  const prior = ['--http2-prior-knowledge', '--reflect'];
  const listed = await run(...prior, '--list-methods', `http://${address}`);
  t.regex(listed.stdout, /envoy\.service\.auth\.v3\.Authorization\/Check/);
  const answer = await run(...prior, '--data', '{}', `http://${address}/jimini.v1.PolicyService/ListRules`);
  t.deepEqual(JSON.parse(answer.stdout), {});
});

test('streams whose answers are not read give way once they hold too much together', async (t) => {
  const { address } = await serve(t, { methods, descriptorSet });
  const messageRequest = { $case: 'fileContainingSymbol', value: 'envoy.service.auth.v3.Authorization' } as const;
  const message = ServerReflectionRequest.encode({ host: '', messageRequest }).finish();
  const hostile = await rawConnection(t, address);
  for (let id = 1; id < 80; id += 2) {
    hostile.send(frame(FRAME.HEADERS, END_HEADERS, id, grpcHeaders(`/${REFLECTION_SERVICES[0]}/ServerReflectionInfo`)));
    hostile.send(frame(FRAME.DATA, END_STREAM, id, Buffer.concat([prefix(message.length), message])));
  }
  await until(() => hostile.resets.size > 10);
  t.is(hostile.goaway(), undefined);
  t.deepEqual(
    await ask(stream(t, address, REFLECTION_SERVICES[1] ?? ''), [undefined]).then((replies) => replies.length),
    1,
  );
});
