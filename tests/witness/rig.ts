import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { postCheckpoint } from '../../adapters/witness/post-checkpoint.js';
import { parseVerifierKey, type VerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { createWitnesses, type Witnesses } from '../../sidecar/audit/witness/witnesses.js';
import { type Clock, systemClock } from '../../sidecar/kernel/clock.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { openHeadFile } from '../../sidecar/storage/head-file.js';
import { startWitness, type WitnessSettings } from '../../sidecar/wiring/witness-server.js';
import { temporaryDirectory } from '../storage/temporary.js';
import type { TestLog } from './test-log.js';

/** A witness of these logs in this process, closed with the test. */
export async function witnessOf(t: ExecutionContext, log: TestLog, settings: Partial<WitnessSettings> = {}) {
  const state = settings.state ?? join(temporaryDirectory(), 'witness');
  const witness = await startWitness({
    state,
    listen: '127.0.0.1:0',
    logKeyFiles: [log.keyFile],
    onEvidence: () => {},
    onError: () => {},
    ...settings,
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= witness.close();
    return closed;
  };
  t.teardown(close);
  return { url: witness.url, key: parseVerifierKey(witness.verifierKey), state, close };
}

/** What happened to the witnesses of a log, as text. */
export interface Rig {
  readonly witnesses: Witnesses;
  readonly directory: string;
  readonly events: readonly string[];
  /** Offers the checkpoint over so many leaves. */
  offer(size: number): Promise<void>;
  /** Resolves once this has happened; the test fails by its time limit when it does not. */
  happened(event: string, times?: number): Promise<void>;
  /** What is stored, as a start finds it. */
  stored(): Promise<string | undefined>;
}

/** What differs from one rig to another. */
export interface RigOptions {
  /** Where the cosigned checkpoint is kept. */
  readonly directory?: string;
  readonly clock?: Clock;
  /** How long witnesses have at the end. Long, because machines that run tests are busy. */
  readonly closeMs?: number;
}

/** All other waits are this many times shorter than in the program. */
const FASTER = 50;

/** The witnesses of a log, asked over HTTP, with what they cosigned in a directory. */
export async function rigOf(
  t: ExecutionContext,
  log: TestLog,
  targets: readonly { readonly name: string; readonly url: string; readonly key: VerifierKey }[],
  { directory = temporaryDirectory(), clock = systemClock, closeMs = 60_000 }: RigOptions = {},
): Promise<Rig> {
  const events: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (event: string) => {
    events.push(event);
    for (const look of waiting) look();
  };
  const store = await openHeadFile(directory, 'cosigned');
  const witnesses = createWitnesses({
    targets: targets.map(({ name, url, key }) => ({
      name,
      key,
      post: (body, ended) => postCheckpoint(url, body, ended),
    })),
    logKey: log.key,
    reader: log.reader,
    store,
    clock,
    random: Math.random,
    after: (ms, run) => {
      const timer = setTimeout(run, ms === LIMITS.witnessCloseMsMax ? closeMs : ms / FASTER);
      return () => clearTimeout(timer);
    },
    onFault: (name, fault) => tell(`${name} ${fault}`),
    onCosigned: (name, size) => tell(`${name} cosigned ${size}`),
    onError: (error) => tell(`error ${(error as { code: string }).code}`),
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= witnesses.close();
    return closed;
  };
  t.teardown(close);
  return {
    witnesses: { ...witnesses, close },
    directory,
    events,
    offer: async (size) => witnesses.offer(await log.noteOf(size), size),
    happened: (event, times = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (events.filter((other) => other === event).length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    stored: async () => (await openHeadFile(directory, 'cosigned')).newest?.toString('utf8'),
  };
}
