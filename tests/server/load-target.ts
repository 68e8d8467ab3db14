// A server in a process of its own, so that a test can measure its memory and its time. Prints its address; on a line
// of standard input prints its load and memory as JSON; ends with its input.
import { createInterface } from 'node:readline';
import { createGrpcServer } from '../../sidecar/server/grpc-server.js';
import { ECHO, method } from './rig.js';

const methods = new Map([[ECHO, method(async (message) => Buffer.from(String(message.length)))]]);
let overloads = 0;
const server = createGrpcServer({
  methods,
  onError: () => {},
  onOverload: () => {
    overloads += 1;
  },
});
let peakRss = 0;
setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 20).unref();
console.log(await server.listen({ name: 'data', address: '127.0.0.1:0', allowPlaintext: [], socketMode: 0o660 }));
server.setServing(true);
for await (const _ of createInterface(process.stdin)) {
  const { user, system } = process.cpuUsage();
  console.log(
    JSON.stringify({
      ...server.load(),
      overloads,
      peakRss,
      rss: process.memoryUsage.rss(),
      cpuMs: (user + system) / 1000,
    }),
  );
}
await server.close();
