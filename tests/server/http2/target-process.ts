// A target in a process of its own, so that a test can measure its memory. Prints its address; on a line of standard
// input lets the milliseconds in it pass (none: 0), and prints what is open and its memory as JSON; ends with its input.
import { createInterface } from 'node:readline';
import { createTarget } from './target.js';

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
  const load = { calls: target.open.size, bytes: 0, overloads: target.faults.length };
  console.log(JSON.stringify({ ...load, peakRss, rss: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 }));
}
target.close();
