import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Connection, createConnection } from '../../../sidecar/server/http2/connection.js';
import { type Watch, watched } from '../../server/http2/watched-listener.js';
import { readFrames } from '../../server/raw-http2.js';
import type { FuzzResult } from '../fuzz-result.js';
import { createRandom, type Random } from '../random.js';
import { application, BEHAVIOURS, type Served } from './application.js';
import { type Conversation, conversationOf } from './conversation.js';
import { Hearing } from './verdict.js';

/** Conversations at one time: most of one is waiting for the other end. */
const LANES = 24;
/** A conversation takes some milliseconds; one that has not ended after this never does. */
const HANG_MS = 20_000;

/**
 * Generated conversations with the HTTP/2 server over sockets: nothing throws; each ends closed, or with an answer to its last PING; those that break
 * no rule are answered in full; every stream hears its end once. The conversation number `n` of seed `s` is the first one of seed `s + n`.
 */
export async function fuzzHttp2({ runs, seed }: { runs: number; seed: number }): Promise<FuzzResult> {
  const failures: string[] = [];
  const folder = mkdtempSync('/tmp/jmn-');
  const ends = { answered: 0, closed: 0 };
  let requests = 0;
  let next = 0;
  const thrown = (error: unknown) => failures.push(`near seed ${seed + next}: throws ${String(error)}`);
  process.on('uncaughtException', thrown);
  const lane = async (_: unknown, number: number) => {
    const server = createServer();
    server.listen(join(folder, `${number}`));
    await once(server, 'listening');
    while (next < runs) {
      const own = seed + next++;
      const { faults, isClosed, served } = await converse(server, createRandom(own));
      for (const fault of faults) failures.push(`seed ${own}: ${fault}`);
      ends[isClosed ? 'closed' : 'answered'] += 1;
      requests += served;
    }
    server.close();
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    process.off('uncaughtException', thrown);
    rmSync(folder, { recursive: true });
  }
  const figures = {
    'ended by the server': String(ends.closed),
    'went on': String(ends.answered),
    requests: String(requests),
  };
  return { runs, failures, figures };
}

interface Ended {
  readonly faults: readonly string[];
  readonly isClosed: boolean;
  readonly served: number;
}

async function converse(server: Server, random: Random): Promise<Ended> {
  const conversation = conversationOf(random);
  const watch: Watch = { faults: [], open: new Set() };
  const served: Served[] = [];
  const [socket, connection, isGone] = await connected(server, conversation, watch, served);
  const hearing = new Hearing(conversation);
  readFrames(socket, (...frame) => hearing.onFrame(...frame));
  for (const segment of conversation.segments) {
    hearing.toldBytes += segment.length;
    socket.write(segment);
    await nextTurn();
    if (conversation.kind !== 'valid' && random.oneIn(200)) disturb(connection, random);
  }
  const isOver = () =>
    socket.closed ||
    (conversation.kind === 'valid' ? hearing.isWhole : hearing.isAnswered) ||
    conversation.kind === 'changed';
  const hang = await waitFor(socket, isOver);
  const isClosed = socket.closed;
  const faults = [...hearing.verdict(served, isClosed)];
  if (hang) faults.push('hangs');
  const way = random.of(['cut by the peer', 'ended by the peer', 'cut by us']);
  if (way === 'cut by the peer') socket.destroy();
  else if (way === 'ended by the peer') socket.end();
  else {
    connection.destroy();
    if (watch.open.size > 0) faults.push('streams that are open behind destroy');
  }
  await isGone;
  socket.destroy();
  await nextTurn();
  if (watch.open.size > 0) faults.push(`${watch.open.size} streams did not hear their end`);
  if (connection.streams !== 0) faults.push(`${connection.streams} streams are still counted`);
  return { faults: [...faults, ...watch.faults], isClosed, served: served.length };
}

/** Both ends: the client's socket, and what the server made of its own. */
async function connected(server: Server, { requests }: Conversation, watch: Watch, served: Served[]) {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect(String(server.address()));
  socket.on('error', () => {});
  const [own] = await accepted;
  const isGone = new Promise((resolve) => own.once('close', resolve)); // `once` of node:events rejects with an error
  const next = () => {
    const { behaviour = BEHAVIOURS[0], answerBytes = 0 } = requests[served.length] ?? {};
    const one: Served = { behaviour, answerBytes, body: [], isEnded: false };
    served.push(one);
    return one;
  };
  const onFault = (error: unknown) => watch.faults.push(`a fault: ${String(error)}`);
  const connection = createConnection(own, { onRequest: watched(application(next), watch), onFault });
  return [socket, connection, isGone] as const;
}

/** What the layer above may do at any time. */
function disturb(connection: Connection, random: Random): void {
  const kind = random.below(3);
  if (kind === 0) connection.drain();
  else if (kind === 1) connection.destroy();
  else connection.review(performance.now() + random.below(200_000));
}

/** Resolves to whether that took too long. */
async function waitFor(socket: Socket, condition: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isHanging: boolean) => {
      clearTimeout(timer);
      socket.off('data', look).off('close', look);
      resolve(isHanging);
    };
    const look = () => condition() && end(false);
    const timer = setTimeout(end, HANG_MS, true);
    socket.on('data', look).on('close', look);
    look();
  });
}
