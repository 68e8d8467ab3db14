import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { type CheckpointSignerOptions, createCheckpointSigner } from '../../sidecar/audit/checkpoint-signer.js';
import { openCheckpoint, originOf } from '../../sidecar/audit/notes/checkpoint.js';
import { createNoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { findDiscontinuity } from '../../sidecar/audit/signing/discontinuity.js';
import type { LastSigned } from '../../sidecar/audit/signing/last-signed.js';
import { consistencyProof } from '../../sidecar/audit/tree/proofs.js';
import { isConsistent } from '../../sidecar/audit/verify/merkle.js';
import { memoryTreeOf } from './tree/memory-tree.js';
import { leafHashOf } from './tree/reference.js';

const leafHashes = Array.from({ length: 5000 }, (_, index) => leafHashOf(`leaf ${index}`));
const logId = 'a'.repeat(26);
const signer = createNoteSigner(originOf(logId), generateKeyPairSync('ed25519').privateKey);

/** A signer with a clock of its own: `tick` is the end of the second, and `settle` lets promises have their turn. */
function scene(options: Partial<CheckpointSignerOptions> = {}) {
  const tree = memoryTreeOf([]);
  const published: Buffer[] = [];
  const errors: unknown[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  let fails = 0;
  const checkpoints = createCheckpointSigner({
    signer,
    signedSize: 0,
    publish: async (note) => {
      if (fails > 0) {
        fails -= 1;
        throw new Error('disk');
      }
      published.push(note);
    },
    onError: (error) => errors.push(error),
    after: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    ...options,
  });
  return {
    checkpoints,
    tree,
    timers,
    errors,
    failNext: (count: number) => {
      fails = count;
    },
    grow: (count: number) => {
      for (let at = 0; at < count; at += 1) tree.append(leafHashes[tree.edge.size] as Buffer);
      checkpoints.advance(tree.edge.copy());
    },
    tick: () => {
      for (const { run } of timers.splice(0)) run();
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    opened: () => published.map((note) => openCheckpoint(note, [signer.key])),
    sizes: () => published.map((note) => openCheckpoint(note, [signer.key]).size),
  };
}

test('leaves are signed a second after the first of them, all at once', async (t) => {
  const { grow, tick, settle, timers, opened, tree, checkpoints } = scene();
  t.deepEqual(timers, []);
  grow(1);
  grow(5);
  t.deepEqual(
    timers.map(({ ms }) => ms),
    [1000],
  );
  await settle();
  t.deepEqual(opened(), []);
  tick();
  await settle();
  t.like(opened()[0], { origin: originOf('a'.repeat(26)), size: 6 });
  t.deepEqual(opened()[0]?.root, tree.edge.root());
  t.is(checkpoints.signedSize, 6);
  t.deepEqual(timers, []);
});

test('a thousand leaves do not wait for the second', async (t) => {
  const { grow, settle, sizes, timers } = scene();
  grow(999);
  await settle();
  t.deepEqual(sizes(), []);
  grow(1);
  await settle();
  t.deepEqual(sizes(), [1000]);
  t.deepEqual(timers, []);
});

test('what comes while a checkpoint is being published is signed after it', async (t) => {
  const releases: (() => void)[] = [];
  const publish = () => new Promise<void>((resolve) => releases.push(resolve));
  const { grow, settle, timers, tick, checkpoints } = scene({ publish });
  grow(1000);
  grow(1500);
  grow(1);
  t.is(releases.length, 1);
  releases[0]?.();
  await settle();
  t.is(checkpoints.signedSize, 1000);
  t.is(releases.length, 2);
  grow(1);
  releases[1]?.();
  await settle();
  t.is(checkpoints.signedSize, 2501);
  t.deepEqual([releases.length, timers.length], [2, 1]);
  tick();
  t.is(releases.length, 3);
});

test('after a failure it is tried again a second later, however many leaves there are', async (t) => {
  const { grow, settle, sizes, timers, tick, errors, failNext } = scene();
  failNext(2);
  grow(1000);
  await settle();
  grow(1000);
  await settle();
  t.deepEqual([errors.length, timers.length, sizes()], [1, 1, []]);
  tick();
  await settle();
  t.deepEqual([errors.length, timers.length, sizes()], [2, 1, []]);
  tick();
  await settle();
  t.deepEqual([errors.length, timers.length, sizes()], [2, 0, [2000]]);
});

test('closing signs what is left, and nothing twice', async (t) => {
  const { grow, sizes, timers, checkpoints } = scene();
  grow(3);
  await checkpoints.close();
  await checkpoints.close();
  t.deepEqual([sizes(), timers], [[3], []]);
  const idle = scene({ signedSize: 7 });
  await idle.checkpoints.close();
  t.deepEqual(idle.sizes(), []);
});

test('closing says when the last checkpoint could not be published', async (t) => {
  const { grow, checkpoints, failNext } = scene();
  grow(3);
  failNext(1);
  await t.throwsAsync(checkpoints.close(), { message: 'disk' });
});

test('a log that became smaller is not signed', (t) => {
  const { grow, checkpoints } = scene();
  grow(10);
  t.throws(() => checkpoints.advance(memoryTreeOf(leafHashes.slice(0, 9)).edge), { code: 'JIMINI_INTERNAL' });
  const behind = scene({ signedSize: 11 });
  t.throws(() => behind.grow(10), { code: 'JIMINI_INTERNAL' });
});

/** A checkpoint that the key of the log signed. */
const signed = (size: number, root: Buffer): LastSigned => ({
  note: Buffer.alloc(0),
  checkpoint: { origin: originOf(logId), size, root, extensions: [] },
  key: signer.key,
});

test('whether a log goes on from what was signed is read from its tiles', async (t) => {
  const tree = memoryTreeOf(leafHashes.slice(0, 1000));
  const forged = memoryTreeOf([leafHashOf('other'), ...leafHashes.slice(1, 1000)]);
  const found = ({ reader }: typeof tree, isCut = false) => {
    return {
      logId,
      size: 1000,
      firstSeq: 0,
      rows: { ...reader, page: async () => [], hasRowsBehind: async () => isCut },
    };
  };
  for (const size of [0, 1, 256, 700, 1000]) {
    const last = signed(size, memoryTreeOf(leafHashes.slice(0, size)).edge.root());
    t.is(await findDiscontinuity(found(tree), last), undefined, `${size}`);
    const other = await findDiscontinuity(found(forged), last);
    t.is(other?.reason, size === 0 ? undefined : 'log_differs', `${size}`);
    t.like(await findDiscontinuity(found(tree, true), last), { reason: 'leaves_gone', signed_size: size });
  }
  const longer = await findDiscontinuity(found(tree, true), signed(1001, Buffer.alloc(32, 7)));
  t.deepEqual(longer, {
    reason: 'log_shorter',
    recovered_size: 1000,
    signed_size: 1001,
    signed_root: '07'.repeat(32),
  });
});

test('whatever happens, each checkpoint is larger than the one before and consistent with it', async (t) => {
  const step = fc.oneof(
    fc.nat({ max: 700 }).map((count) => ({ grow: count })),
    fc.constant('tick' as const),
    fc.constant('settle' as const),
    fc.constant('fail' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { grow, tick, settle, failNext, opened, tree, checkpoints, timers } = scene();
      for (const action of steps) {
        if (action === 'tick') tick();
        else if (action === 'settle') await settle();
        else if (action === 'fail') failNext(1);
        else if (tree.edge.size + action.grow <= leafHashes.length) grow(action.grow);
        t.true(timers.length <= 1);
      }
      failNext(0);
      await checkpoints.close();
      t.is(checkpoints.signedSize, tree.edge.size);
      const all = opened();
      for (const [at, checkpoint] of all.entries()) {
        const before = all[at - 1];
        if (!before) continue;
        t.true(before.size < checkpoint.size);
        const proof = await consistencyProof(tree.reader, before.size, checkpoint.size);
        t.true(isConsistent(before, checkpoint, proof));
      }
    }),
    { numRuns: 100 },
  );
});
