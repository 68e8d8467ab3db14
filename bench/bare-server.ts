// The yardstick: the least that a grpc-js server can do for a Check. It decodes the CheckRequest and answers OK.
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { CheckRequest, CheckResponse } from '../proto/gen/envoy/service/auth/v3/external_auth.js';

const server = new Server({ 'grpc.max_receive_message_length': 48 * 1024 * 1024 });
server.addService(
  {
    check: {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (request: CheckRequest) => Buffer.from(CheckRequest.encode(request).finish()),
      requestDeserialize: (bytes: Buffer) => CheckRequest.decode(bytes),
      responseSerialize: (response: CheckResponse) => Buffer.from(CheckResponse.encode(response).finish()),
      responseDeserialize: (bytes: Buffer) => CheckResponse.decode(bytes),
    },
  },
  {
    check: (call: ServerUnaryCall<CheckRequest, CheckResponse>, answer: sendUnaryData<CheckResponse>) => {
      const known = call.request.attributes?.request?.http !== undefined;
      answer(null, CheckResponse.fromPartial({ status: { code: known ? 0 : 3 } }));
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', data: `127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => server.forceShutdown());
