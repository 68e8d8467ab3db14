import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { createNoteSigner } from '../../sidecar/audit/notes/note-signer.js';
import { parseVerifierKey, type VerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import { discontinuityText } from '../../sidecar/audit/signing/discontinuity.js';
import type { CheckpointEvent } from '../../sidecar/audit/signing/log-signing.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import type { Discontinuity } from '../../sidecar/kernel/leaf.js';
import { verifyRows } from './double-log.js';
import { newKey } from './memory-signing-files.js';
import { decision, logOptions, openAuditLog } from './records.js';
import { checkpointFaults, createSignedRuns, type SignedRuns } from './signed-runs.js';

type Leaf = Record<string, unknown>;

const kindsOf = (leaves: readonly Leaf[]) => leaves.map(({ kind }) => kind);
const publicOf = (name: string, key: KeyObject | undefined): VerifierKey =>
  createNoteSigner(name, key as KeyObject).key;
const NO_LEAVES = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The log holds, and its newest checkpoint covers all of it. */
async function wholeAndSigned(t: ExecutionContext, runs: SignedRuns): Promise<void> {
  t.deepEqual(checkpointFaults(runs), []);
  t.is((await verifyRows(runs.store().disk)).status, 'ok');
  t.is(sizeOf(runs), runs.store().disk.length);
}

function sizeOf({ files }: SignedRuns): number | undefined {
  return Number(files.newest?.toString().split('\n')[1]);
}

/** Whether a key signed the statement of a `key` leaf, put together as docs/log-format.md says. */
function isSigned(leaf: Leaf, by: 'old' | 'new'): boolean {
  const key = parseVerifierKey(String(leaf[`${by}_key`]));
  const lines = ['jimini-key/v1', key.name, leaf['epoch'], leaf['what'], leaf['old_key'], leaf['new_key'], ''];
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') };
  const signature = Buffer.from(String(leaf[`${by}_signature`]), 'base64');
  return verify(null, Buffer.from(lines.join('\n')), createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

/** A log of two runs, closed in order. */
async function twoRuns(): Promise<SignedRuns> {
  const runs = createSignedRuns();
  await runs.run(3);
  await runs.run(2);
  return runs;
}

test('a log is signed before it takes records, while it grows, and when it is closed', async (t) => {
  const runs = createSignedRuns();
  const timers: (() => void)[] = [];
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => void timers.splice(timers.indexOf(run), 1);
  };
  const log = await runs.open({ after });
  t.is(sizeOf(runs), 1);
  await log.append({ leafFields: decision('r') });
  t.is(sizeOf(runs), 1);
  t.is(timers.length, 1);
  for (const run of timers.splice(0)) run();
  await new Promise((resolve) => setImmediate(resolve));
  t.is(sizeOf(runs), 2);
  t.deepEqual(log.signed.checkpoint, { note: runs.files.newest as Buffer, size: 2 });
  await log.close('shutdown');
  t.is(sizeOf(runs), 3);
  await wholeAndSigned(t, runs);
  const own = publicOf(`jimini.log/${log.logId}`, runs.files.keys.own);
  t.deepEqual(log.signed.keys, [own]);
});

test('a run goes on under the key of the one before, and says nothing of it', async (t) => {
  const runs = await twoRuns();
  t.deepEqual(
    kindsOf(runs.leaves()).filter((kind) => kind !== 'decision' && kind !== 'config'),
    ['open', 'close', 'open', 'close'],
  );
  t.is(runs.files.publicKeys.split('\n').length, 2);
  t.deepEqual(runs.files.evidence, []);
  await wholeAndSigned(t, runs);
});

test('a log that was killed before its last leaves were signed goes on', async (t) => {
  const runs = createSignedRuns();
  const log = await runs.open();
  for (let index = 0; index < 5; index += 1) await log.append({ leafFields: decision('r') });
  t.is(sizeOf(runs), 1);
  await runs.replace(runs.store().disk);
  const leaves = await runs.run(1);
  t.deepEqual(kindsOf(leaves).slice(-2), ['decision', 'close']);
  t.false(kindsOf(leaves).includes('gap'));
  await wholeAndSigned(t, runs);
});

/** The run after `change` states a gap, keeps the old checkpoint, and goes on under another key. */
const discontinues = test.macro(
  async (t, change: (runs: SignedRuns) => Promise<unknown> | unknown, expected: Partial<Discontinuity>) => {
    const runs = await twoRuns();
    const oldKey = runs.files.keys.own;
    await change(runs);
    const oldNote = runs.files.newest;
    const leaves = await runs.run(1);
    const [gap, key] = leaves.filter(({ kind }) => kind === 'gap' || kind === 'key');
    t.like(gap, { kind: 'gap', epoch: 1, ...expected });
    t.like(key, { kind: 'key', what: 'gap', epoch: 2 });
    t.is(key?.['old_key'] === key?.['new_key'], false);
    t.deepEqual([isSigned(key as Leaf, 'old'), isSigned(key as Leaf, 'new')], [true, true]);
    t.deepEqual(runs.files.evidence, [{ signedSize: expected.signed_size as number, note: oldNote }]);
    t.not(runs.files.keys.own, oldKey);
    await wholeAndSigned(t, runs);
    t.false(kindsOf(await runs.run(1)).includes('gap'), 'it is stated once');
    await wholeAndSigned(t, runs);
  },
);

const size = 10;
test('leaves that were cut off', discontinues, (runs) => runs.replace(runs.store().disk.slice(0, -3)), {
  reason: 'log_shorter',
  recovered_size: size - 3,
  signed_size: size,
});
test('all leaves cut off', discontinues, (runs) => runs.replace([]), {
  reason: 'log_shorter',
  recovered_size: 0,
  signed_size: size,
});
test(
  'the log of last week',
  discontinues,
  async (runs) => {
    const old = [...runs.store().disk];
    await runs.run(4);
    await runs.replace(old);
  },
  { reason: 'log_shorter', recovered_size: size, signed_size: size + 7 },
);
test(
  'a log that was cut and has grown since',
  discontinues,
  async (runs) => {
    const { newest } = runs.files;
    const before = [...runs.store().disk];
    await runs.run(4);
    const signedLast = runs.files.newest;
    await runs.replace(before);
    runs.files.newest = newest;
    await runs.run(5);
    runs.files.newest = signedLast;
  },
  { reason: 'log_differs', recovered_size: size + 8, signed_size: size + 7 },
);
test(
  'the log of somebody else',
  discontinues,
  async (runs) => {
    const other = createSignedRuns();
    await other.run(20);
    await runs.replace(other.store().disk);
  },
  { reason: 'log_differs', signed_size: size },
);
test(
  'no head file',
  discontinues,
  async ({ files }) => {
    files.newest = undefined;
  },
  {
    reason: 'no_checkpoint',
    recovered_size: size,
    signed_size: 0,
    signed_root: NO_LEAVES,
  },
);

test('a head file that no key of the log signed counts as none, and is kept', async (t) => {
  const runs = await twoRuns();
  const other = await twoRuns();
  runs.files.newest = other.files.newest;
  const [, , gap] = await runs.run(0);
  t.like(gap, { kind: 'gap', reason: 'no_checkpoint', signed_size: 0 });
  t.deepEqual(runs.files.evidence, [{ signedSize: 0, note: other.files.newest }]);
  await wholeAndSigned(t, runs);
});

test('a first start that was killed before it signed anything is no gap', async (t) => {
  const runs = createSignedRuns();
  await runs.open();
  await runs.replace(runs.store().disk);
  runs.files.newest = undefined;
  t.deepEqual(
    kindsOf(await runs.run(0)),
    ['open', 'key', 'close'],
    'a key that may have signed more is not used again',
  );
  await wholeAndSigned(t, runs);
});

test('without leaves, a checkpoint tells which log it was', async (t) => {
  const runs = await twoRuns();
  const logId = runs.leaves()[0]?.['log_id'];
  await runs.replace([]);
  const leaves = await runs.run(0);
  t.deepEqual(kindsOf(leaves), ['open', 'gap', 'key', 'close']);
  t.deepEqual(new Set(leaves.map((leaf) => leaf['log_id'])), new Set([logId]));
});

test('refuse: nothing is written until somebody has acknowledged what is found', async (t) => {
  const runs = await twoRuns();
  await runs.replace(runs.store().disk.slice(0, -1));
  const before = { size: runs.store().disk.length, keys: runs.files.keys, newest: runs.files.newest };
  const refused = { code: 'JIMINI_STORE_CORRUPT', message: /10 leaves were signed, and 9 are there.*acknowledge-gap/ };
  await t.throwsAsync(runs.open({ onGap: 'refuse' }), refused);
  const found = { reason: 'log_shorter', recovered_size: 9, signed_size: 10, signed_root: rootOf(runs) } as const;
  runs.files.acknowledged = discontinuityText({ ...found, recovered_size: 8 });
  await t.throwsAsync(runs.open({ onGap: 'refuse' }), refused, 'something else was acknowledged');
  t.deepEqual({ size: runs.store().disk.length, keys: runs.files.keys, newest: runs.files.newest }, before);
  t.deepEqual(runs.files.evidence, []);

  runs.files.acknowledged = discontinuityText(found);
  const leaves = await runs.run(1, { onGap: 'refuse' });
  t.deepEqual(kindsOf(leaves), ['open', 'config', 'gap', 'admin', 'key', 'decision', 'close']);
  t.like(leaves[3], { op: 'acknowledge_gap', ...found });
  t.falsy(runs.files.acknowledged);
  await wholeAndSigned(t, runs);
  t.deepEqual(kindsOf(await runs.run(0, { onGap: 'refuse' })), ['open', 'config', 'close']);
});

function rootOf({ files }: SignedRuns): string {
  return Buffer.from(files.newest?.toString().split('\n')[2] ?? '', 'base64').toString('hex');
}

test('a key that waits takes over with the next start, and both sign that', async (t) => {
  const runs = await twoRuns();
  const oldKey = runs.files.keys.own;
  const next = await runs.files.makeNextKey();
  const leaves = await runs.run(1);
  const key = leaves.find(({ kind }) => kind === 'key') as Leaf;
  t.like(key, { what: 'rotate', epoch: 2 });
  t.deepEqual([isSigned(key, 'old'), isSigned(key, 'new')], [true, true]);
  t.deepEqual(runs.files.keys, { given: undefined, own: next, next: undefined });
  t.not(oldKey, next);
  t.deepEqual(runs.files.publicKeys, `${key['new_key']}\n${key['old_key']}\n`);
  await wholeAndSigned(t, runs);
  await runs.run(1);
  await wholeAndSigned(t, runs);
});

test('a log that is cut back behind changes of its key names the key that was in force there', async (t) => {
  const runs = await twoRuns();
  const [first = ''] = runs.files.publicKeys.split('\n');
  const before = [...runs.store().disk];
  for (let round = 0; round < 2; round += 1) {
    await runs.files.makeNextKey();
    await runs.run(1);
    await runs.files.makeNextKey();
    await runs.run(1);
    await runs.replace(before);
    const key = (await runs.run(1)).find(({ kind }) => kind === 'key');
    t.like(key, { what: 'gap', epoch: 2, old_key: first });
    await wholeAndSigned(t, runs);
  }
});

test('keys of a log that was here before stay written down', async (t) => {
  const runs = await twoRuns();
  const [first = ''] = runs.files.publicKeys.split('\n');
  const other = await twoRuns();
  await runs.replace(other.store().disk);
  await runs.run(1);
  t.is(runs.files.publicKeys.trim().split('\n').at(-1), first);
});

test('a key that the configuration names takes over from our own, which is given up', async (t) => {
  const runs = await twoRuns();
  runs.files.keys.given = newKey();
  const key = (await runs.run(1)).find(({ kind }) => kind === 'key') as Leaf;
  t.deepEqual([isSigned(key, 'old'), isSigned(key, 'new')], [true, true]);
  t.is(runs.files.keys.own, undefined);
  await wholeAndSigned(t, runs);
  t.false(kindsOf(await runs.run(1)).includes('key'));
  await wholeAndSigned(t, runs);

  const before = runs.files.keys.given;
  runs.files.keys.given = newKey();
  const again = (await runs.run(1)).find(({ kind }) => kind === 'key') as Leaf;
  t.like(again, { what: 'rotate', epoch: 3, old_signature: '' });
  await wholeAndSigned(t, runs);

  runs.files.keys.given = before;
  const log = await runs.open();
  t.true(log.signed.isGivenKeyUnused, 'it has signed before');
  await log.close('shutdown');
  t.like(
    runs.leaves().findLast(({ kind }) => kind === 'key'),
    { what: 'rotate', epoch: 4, old_key: again['new_key'] },
  );
  await wholeAndSigned(t, runs);
});

test('a key that the configuration names signs no second history', async (t) => {
  const runs = createSignedRuns();
  const given = newKey();
  runs.files.keys.given = given;
  await runs.run(3);
  await runs.replace(runs.store().disk.slice(0, -1));
  const key = (await runs.run(0)).find(({ kind }) => kind === 'key') as Leaf;
  t.like(key, { what: 'gap', epoch: 2 });
  t.deepEqual([isSigned(key, 'old'), isSigned(key, 'new')], [true, true]);
  await wholeAndSigned(t, runs);
  t.false(kindsOf(await runs.run(0)).includes('key'), 'one of our own signs as long as no other is given');
  await wholeAndSigned(t, runs);
  runs.files.keys.given = newKey();
  t.true(kindsOf(await runs.run(0)).includes('key'));
  t.is(runs.files.keys.own, undefined);
  await wholeAndSigned(t, runs);
});

test('a key that is lost is followed by another, which it cannot vouch for', async (t) => {
  const runs = await twoRuns();
  runs.files.keys.own = undefined;
  const key = (await runs.run(1)).find(({ kind }) => kind === 'key') as Leaf;
  t.like(key, { what: 'rotate', epoch: 2, old_signature: '' });
  t.true(isSigned(key, 'new'));
  await wholeAndSigned(t, runs);
  // Nothing but the log itself tells which key is in force.
  runs.files.publicKeys = '';
  runs.files.keys.own = undefined;
  const leaves = await runs.run(1);
  t.like(
    leaves.find(({ kind }) => kind === 'gap'),
    { reason: 'no_checkpoint' },
  );
  t.like(
    leaves.find(({ kind }) => kind === 'key'),
    { what: 'gap', epoch: 3, old_key: key['new_key'], old_signature: '' },
  );
});

test('when all keys and their names are lost, the log says so and goes on', async (t) => {
  const runs = await twoRuns();
  runs.files.keys.own = undefined;
  runs.files.publicKeys = '';
  const leaves = await runs.run(1);
  t.deepEqual(kindsOf(leaves), ['open', 'config', 'gap', 'decision', 'close']);
  await wholeAndSigned(t, runs);
});

test('a start that is killed after its key leaf goes on from there', async (t) => {
  const runs = await twoRuns();
  await runs.replace(runs.store().disk.slice(0, -1));
  const { keepOnly } = runs.files;
  runs.files.keepOnly = () => Promise.reject(new Error('killed'));
  await t.throwsAsync(runs.open());
  runs.files.keepOnly = keepOnly;
  const first = runs.leaves().at(-1) as Leaf;
  t.is(first['kind'], 'key');
  const leaves = await runs.run(0);
  const second = leaves.find(({ kind }) => kind === 'key') as Leaf;
  t.is(second['old_key'], first['new_key']);
  t.deepEqual([isSigned(second, 'old'), isSigned(second, 'new')], [true, true]);
  await wholeAndSigned(t, runs);
});

test('checkpoints that cannot be written stop nothing, are told, and are made up for', async (t) => {
  const runs = createSignedRuns();
  let nowNs = 0n;
  const clock = { ...systemClock, monotonicNs: () => nowNs };
  const events: CheckpointEvent['state'][] = [];
  const timers: (() => void)[] = [];
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => void timers.splice(timers.indexOf(run), 1);
  };
  const base = logOptions(runs.store());
  const onCheckpoint = ({ state }: CheckpointEvent) => void events.push(state);
  const signing = { ...base.signing, openFiles: async () => runs.files, after, onCheckpoint };
  runs.files.fails = true;
  const log = await openAuditLog({ ...base, clock, signing });
  t.is(log.state, 'open');
  t.like(log.signed, { checkpoint: undefined, failure: { code: 'JIMINI_STORE_UNAVAILABLE' } });
  nowNs += 5_000_000_000n;
  t.is((await log.append({ leafFields: decision('r') })).seq, 1);
  t.is(log.signed.unsignedForS(), 5);
  runs.files.fails = false;
  for (const run of timers.splice(0)) run();
  await new Promise((resolve) => setImmediate(resolve));
  t.like(log.signed, { checkpoint: { size: 2 }, failure: undefined });
  t.is(log.signed.unsignedForS(), 0);
  runs.files.fails = true;
  await log.close('shutdown');
  t.deepEqual(events, ['failed', 'published', 'failed']);
  runs.files.fails = false;
  t.false(kindsOf(await runs.run(0)).includes('gap'));
  await wholeAndSigned(t, runs);
});

test('a clock that jumps changes nothing about what is signed', async (t) => {
  const runs = createSignedRuns();
  let nowMs = 2_000_000_000_000;
  const base = logOptions(runs.store());
  const clock = { ...systemClock, nowMs: () => nowMs };
  const log = await openAuditLog({ ...base, clock, signing: { ...base.signing, openFiles: async () => runs.files } });
  for (const jump of [-1_000_000_000_000, 1_500_000_000_000]) {
    nowMs += jump;
    await log.append({ leafFields: decision('r') });
  }
  await log.close('shutdown');
  await wholeAndSigned(t, runs);
  t.false(kindsOf(await runs.run(1)).includes('gap'));
  await wholeAndSigned(t, runs);
});

test('whatever happens between runs, no key signs two histories and each start leaves a log that holds', async (t) => {
  const step = fc.oneof(
    fc.record({ run: fc.nat({ max: 4 }) }),
    fc.record({ kill: fc.nat({ max: 4 }) }),
    fc.record({ cut: fc.integer({ min: 1, max: 6 }) }),
    fc.constantFrom('rotate', 'lose key', 'lose names', 'lose head', 'fail', 'given'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const runs = createSignedRuns();
      const { files } = runs;
      const histories = new Map<string, { readonly hashes: string[] }[]>();
      const { writeCheckpoint } = files;
      files.writeCheckpoint = async (note) => {
        await writeCheckpoint(note);
        const [signer = ''] = /\u2014 .*$/mu.exec(Buffer.from(note).toString())?.[0].split(' ').slice(2) ?? [];
        const keyId = Buffer.from(signer, 'base64').toString('hex', 0, 4);
        const hashes = runs
          .store()
          .disk.slice(0, sizeOf(runs))
          .map(({ hash }) => hash);
        histories.set(keyId, [...(histories.get(keyId) ?? []), { hashes }]);
      };
      for (const action of steps) {
        if (action === 'rotate') await files.makeNextKey();
        else if (action === 'lose key') files.keys.own = undefined;
        // Without their names, and with the leaves that name them cut off, nothing tells that a key that is given has signed.
        else if (action === 'lose names') files.publicKeys = files.keys.given ? files.publicKeys : '';
        else if (action === 'lose head') files.newest = undefined;
        else if (action === 'fail') files.fails = !files.fails;
        else if (action === 'given') files.keys.given = newKey();
        else if ('cut' in action) await runs.replace(runs.store().disk.slice(0, -action.cut));
        else if ('run' in action) await runs.run(action.run);
        else {
          const log = await runs.open();
          for (let index = 0; index < action.kill; index += 1) await log.append({ leafFields: decision('k') });
          await runs.replace(runs.store().disk);
        }
      }
      files.fails = false;
      await runs.run(1);
      const faults = checkpointFaults(runs);
      const { status } = await verifyRows(runs.store().disk);
      if (faults.length > 0 || status !== 'ok') throw new Error(`${status} ${faults.join(', ')}`);
      for (const [keyId, signed] of histories) {
        const longest = signed.reduce((a, b) => (b.hashes.length > a.hashes.length ? b : a)).hashes;
        for (const { hashes } of signed) {
          if (hashes.some((hash, at) => hash !== longest[at])) throw new Error(`${keyId} signed two histories`);
        }
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});
