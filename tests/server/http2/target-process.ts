// A target in a process of its own, so that a test can measure its memory. Prints its address; on a line of standard
// input lets the milliseconds in it pass (none: 0), and prints what is open and its memory as JSON; ends with its input.
import { createInterface } from 'node:readline';
import { createTarget } from './target.js';

/** What it says of itself. Bytes, except `cpuMs`. */
export interface TargetState {
  readonly streams: number;
  readonly connections: number;
  readonly faults: readonly string[];
  readonly peakRss: number;
  readonly rss: number;
  readonly cpuMs: number;
}

const target = await createTarget();
let peakRss = 0;
const look = () => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
};
setInterval(look, 5).unref();
console.log(target.address);
for await (const line of createInterface(process.stdin)) {
  target.pass(Number(line));
  look();
  const { user, system } = process.cpuUsage();
  const state: TargetState = {
    streams: target.open.size,
    connections: target.connections.size,
    faults: target.faults,
    peakRss,
    rss: process.memoryUsage.rss(),
    cpuMs: (user + system) / 1000,
  };
  console.log(JSON.stringify(state));
}
target.close();
