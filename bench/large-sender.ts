// Sends one large Evaluate every so often, by schedule, while it is told to: a process of its own, so that it does not
// hold up the client whose latencies are measured. Arguments: address, `text` or `agent`, bytes, milliseconds between two. Told by IPC: 'go',
// 'stop' (answered with what was sent since, once all of it is answered, so that nothing is left over for the next phase).
import { setTimeout as sleep } from 'node:timers/promises';
import { agentBody } from './agent-body.js';
import { connections, evaluate, evaluateMessage } from './evaluate-loop.js';
import { chatText } from './prompt.js';

/** What became of the requests since it was last asked. */
export interface LargeSent {
  readonly sent: number;
  readonly failed: number;
  readonly latenciesMs: readonly number[];
}

const [address = '', kind, bytes, everyMs] = process.argv.slice(2);
const size = Number(bytes);
const message = evaluateMessage(
  kind === 'agent' ? { body: agentBody(size), contentType: 'application/json' } : { text: chatText(size) },
);
const [client] = await connections(address, 1);
if (!client) throw new Error('no connection');

let timer: NodeJS.Timeout | undefined;
let sent = 0;
let failed = 0;
let latenciesMs: number[] = [];

function send(): void {
  const startMs = performance.now();
  sent++;
  evaluate(client as NonNullable<typeof client>, message, (answer) => {
    if (answer) latenciesMs.push(performance.now() - startMs);
    else failed++;
  });
}

process.on('message', async (told) => {
  clearInterval(timer);
  if (told === 'go') {
    timer = setInterval(send, Number(everyMs));
    return;
  }
  while (latenciesMs.length + failed < sent) await sleep(20);
  process.send?.({ sent, failed, latenciesMs } satisfies LargeSent);
  [sent, failed, latenciesMs] = [0, 0, []];
});
process.on('disconnect', () => process.exit());
