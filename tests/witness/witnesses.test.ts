import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openCheckpoint } from '../../sidecar/audit/notes/checkpoint.js';
import type { TileReader } from '../../sidecar/audit/tree/tiles.js';
import { withCosignature } from '../../sidecar/audit/witness/cosigned-note.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { answers, type Behaviour, hangs } from '../moderators/stand-in.js';
import { temporaryDirectory } from '../storage/temporary.js';
import { post } from './post.js';
import { rigOf, witnessOf } from './rig.js';
import { createTestLog } from './test-log.js';
import { startWrongWitness } from './wrong-witness.js';

const log = createTestLog('log.example/client');

test('checkpoints are offered to all witnesses, and the lines of one checkpoint are stored together', async (t) => {
  const [a, b] = [await witnessOf(t, log), await witnessOf(t, log)];
  const rig = await rigOf(t, log, [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ]);
  t.deepEqual(
    [...rig.witnesses.sizes()],
    [
      ['a', 0],
      ['b', 0],
    ],
  );
  t.deepEqual(rig.witnesses.states()[0], { name: 'a', size: 0, breaker: 'closed' });
  for (const size of [1, 5, 1000]) {
    await rig.offer(size);
    await Promise.all([rig.happened(`a cosigned ${size}`), rig.happened(`b cosigned ${size}`)]);
  }
  const [state] = rig.witnesses.states();
  t.like(state, { name: 'a', size: 1000, fault: undefined });
  t.is(typeof state?.cosignedForS, 'number');
  await rig.witnesses.close();
  const opened = openCheckpoint(Buffer.from((await rig.stored()) ?? ''), [log.key, a.key, b.key]);
  t.is(opened.size, 1000);
  t.deepEqual(opened.note.signatures.map(({ key }) => key.name).sort(), [log.key.name, a.key.name, b.key.name].sort());
  t.true(
    rig.events.every((event) => / cosigned /.test(event)),
    rig.events.join(),
  );
});

test('a witness that knows another size is asked again with a proof from there', async (t) => {
  const a = await witnessOf(t, log);
  await post(a.url, await log.requestFor(0, 700));
  const rig = await rigOf(t, log, [{ name: 'a', ...a }]);
  await rig.offer(900);
  await rig.happened('a cosigned 900');
  t.deepEqual(rig.events, ['a cosigned 900']);
});

test('a proof that our own damaged tree makes wrong is not sent: the witness would tell of another history', async (t) => {
  const a = await witnessOf(t, log);
  await post(a.url, await log.requestFor(0, 700));
  let isDamaged = true;
  const readTile: TileReader['readTile'] = async (level, index, width) => {
    const tile = await log.reader.readTile(level, index, width);
    return isDamaged && level === 1 ? tile.map((byte) => byte ^ 1) : tile;
  };
  const rig = await rigOf(t, { ...log, reader: { readTile } }, [{ name: 'a', ...a }]);
  await rig.offer(900);
  await rig.happened('a proof');
  isDamaged = false;
  await rig.offer(901);
  await rig.happened('a cosigned 901');
  t.true(
    rig.events.every((event) => event === 'a proof' || event === 'a cosigned 901'),
    rig.events.join(),
  );
});

test('a witness that kept a checkpoint whose answer was lost cosigns it again', async (t) => {
  const a = await witnessOf(t, log);
  await post(a.url, await log.requestFor(0, 900));
  const rig = await rigOf(t, log, [{ name: 'a', ...a }]);
  await rig.offer(900);
  await rig.happened('a cosigned 900');
  t.deepEqual(rig.events, ['a cosigned 900']);
});

test('after a restart it goes on from the size that was cosigned, and lines of others stay', async (t) => {
  const [a, b] = [await witnessOf(t, log), await witnessOf(t, log)];
  const targets = [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ];
  const first = await rigOf(t, log, targets.slice(0, 1));
  await first.offer(100);
  await first.happened('a cosigned 100');
  await first.witnesses.close();
  const second = await rigOf(t, log, targets, first);
  t.deepEqual(
    [...second.witnesses.sizes()],
    [
      ['a', 100],
      ['b', 0],
    ],
  );
  await second.offer(100);
  await second.happened('b cosigned 100');
  await second.witnesses.close();
  t.deepEqual(second.events, ['b cosigned 100']);
  const opened = openCheckpoint(Buffer.from((await second.stored()) ?? ''), [log.key, a.key, b.key]);
  t.is(opened.note.signatures.length, 3);
});

test('a witness that knows a longer log, or another one, does not cosign ours', async (t) => {
  const [longer, other, same] = [await witnessOf(t, log), await witnessOf(t, log), await witnessOf(t, log)];
  const forked = log.fork(10);
  await post(longer.url, await log.requestFor(0, 900));
  await post(other.url, await forked.requestFor(0, 50));
  await post(same.url, await forked.requestFor(0, 100));
  const rig = await rigOf(t, log, [
    { name: 'longer', ...longer },
    { name: 'other', ...other },
    { name: 'same', ...same },
  ]);
  await rig.offer(100);
  await rig.happened('longer ahead');
  await rig.happened('other inconsistent');
  await rig.happened('same forked');
  t.is(await rig.stored(), undefined);
});

test('a witness that knows neither our log nor our key says so', async (t) => {
  const [stranger, impostor] = [createTestLog('log.example/stranger'), createTestLog('log.example/client')];
  const [a, b] = [await witnessOf(t, stranger), await witnessOf(t, impostor)];
  const rig = await rigOf(t, log, [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ]);
  await rig.offer(100);
  await rig.happened('a unknown_log');
  await rig.happened('b unsigned');
  t.pass();
});

/** Answers that give no cosignature, whatever is asked. */
const WRONG: readonly (readonly [why: string, behaviour: Behaviour, fault: string])[] = [
  ['says 200 and nothing', answers(200), 'signature'],
  ['says 200 and garbage', answers(200, {}, 'garbage'), 'signature'],
  ['never stops talking', answers(200, {}, Buffer.alloc(64 * 1024 + 1, 'x')), 'too_large'],
  ['sends elsewhere', answers(302, { location: 'http://127.0.0.1:1/' }), 'status'],
  ['is out of order', answers(500), 'status'],
  ['cuts the connection', (response) => void response.destroy(), 'unreachable'],
  ['names the old size again', answers(409, { 'content-type': 'text/x.tlog.size' }, '0\n'), 'malformed'],
  ['names another size each time', namesSizes(), 'unsettled'],
];

function namesSizes(): Behaviour {
  let size = 0;
  return (response, received) => {
    size += 1;
    answers(409, { 'content-type': 'text/x.tlog.size' }, `${size}\n`)(response, received);
  };
}

for (const [why, behaviour, fault] of WRONG) {
  test(`a witness that ${why} is a failure of kind ${fault}, and does not hold up another`, async (t) => {
    const [wrong, a] = [await startWrongWitness(t, behaviour), await witnessOf(t, log)];
    // No time passes, so that nobody who is left alone is asked again.
    const clock = { ...systemClock, monotonicNs: () => 0n };
    const targets = [
      { name: 'wrong', ...wrong },
      { name: 'a', ...a },
    ];
    const rig = await rigOf(t, log, targets, { clock });
    await rig.offer(100);
    await rig.happened('a cosigned 100');
    await rig.happened(`wrong ${fault}`);
    await rig.offer(101);
    await rig.happened('a cosigned 101');
    await rig.happened(`wrong ${fault}`, 3);
    const asked = wrong.received.length;
    for (const size of [102, 103, 104, 105]) {
      await rig.offer(size);
      await rig.happened(`a cosigned ${size}`);
    }
    t.is(wrong.received.length, asked, 'after three failures it is left alone for a while');
    t.is(new Map(rig.witnesses.breakers()).get('wrong')?.state, 'open');
    t.deepEqual(
      [...rig.witnesses.sizes()],
      [
        ['wrong', 0],
        ['a', 105],
      ],
    );
  });
}

test('a cosignature of a checkpoint that is not the newest any more is of no use', async (t) => {
  const signature = { name: 'w', keyId: 7, bytes: Buffer.alloc(72) };
  const newest = withCosignature(undefined, await log.noteOf(200), signature);
  t.is(newest.size, 200);
  t.is(withCosignature(newest, await log.noteOf(100), signature), newest);
  t.is(withCosignature(newest, await log.noteOf(300), signature).size, 300);
  const again = withCosignature(newest, await log.noteOf(200), { ...signature, bytes: Buffer.alloc(72, 1) });
  t.is(again.bytes.length, newest.bytes.length, 'a later line of one witness takes the place of its earlier one');
  t.false(again.bytes.equals(newest.bytes));
});

test('a cosignature of another witness is none', async (t) => {
  const [a, b] = [await witnessOf(t, log), await witnessOf(t, log)];
  const rig = await rigOf(t, log, [{ name: 'a', url: a.url, key: b.key }]);
  await rig.offer(100);
  await rig.happened('a signature');
  t.is(await rig.stored(), undefined);
});

test('a witness that is silent is left in time, does not hold up another, and delays no end', async (t) => {
  const [silent, a] = [await startWrongWitness(t, hangs), await witnessOf(t, log)];
  const targets = [
    { name: 'silent', ...silent },
    { name: 'a', ...a },
  ];
  const rig = await rigOf(t, log, targets, { closeMs: 100 });
  await rig.offer(100);
  for (const size of [101, 102, 103]) {
    await rig.offer(size);
    await rig.happened(`a cosigned ${size}`);
  }
  t.is(silent.received.length, 1, 'nothing more is put to it while it does not answer');
  await rig.happened('silent timeout');
  await rig.offer(104);
  await rig.happened('a cosigned 104');
  await rig.witnesses.close();
  t.true((await rig.stored())?.includes('\n104\n'));
});

test('a witness that comes back is offered the newest checkpoint, once', async (t) => {
  const a = await witnessOf(t, log);
  const rig = await rigOf(t, log, [{ name: 'a', ...a }]);
  await rig.offer(100);
  await rig.happened('a cosigned 100');
  await a.close();
  await rig.offer(200);
  await rig.happened('a unreachable', 3);
  t.like(rig.witnesses.states()[0], { size: 100, fault: 'unreachable', breaker: 'open' });
  await rig.offer(300);
  await witnessOf(t, log, { state: a.state, listen: a.url.slice('http://'.length) });
  await rig.happened('a cosigned 300');
  t.like(rig.witnesses.states()[0], { size: 300, fault: undefined, breaker: 'closed' });
  t.false(rig.events.includes('a cosigned 200'));
});

test('under a burst of checkpoints a witness is asked for the newest, one at a time', async (t) => {
  const a = await witnessOf(t, log);
  const rig = await rigOf(t, log, [{ name: 'a', ...a }]);
  for (let size = 1; size <= 500; size += 1) await rig.offer(size);
  await rig.happened('a cosigned 500');
  t.true(rig.events.length < 100, `${rig.events.length} requests`);
  t.true(rig.events.every((event) => event.startsWith('a cosigned ')));
});

test('the last checkpoint is offered before the end', async (t) => {
  const a = await witnessOf(t, log);
  const rig = await rigOf(t, log, [{ name: 'a', ...a }]);
  await rig.offer(100);
  await rig.offer(200);
  await rig.witnesses.close();
  t.true((await rig.stored())?.includes('\n200\n'));
  await rig.offer(300);
  t.deepEqual(rig.events.at(-1), 'a cosigned 200');
});

test('a cosigned checkpoint that cannot be stored is told, and the next one is stored', async (t) => {
  const a = await witnessOf(t, log);
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'cosigned.a'));
  const rig = await rigOf(t, log, [{ name: 'a', ...a }], { directory });
  await rig.offer(100);
  await rig.happened('error JIMINI_STORE_UNAVAILABLE');
  rmSync(join(directory, 'cosigned.a'), { recursive: true });
  await rig.offer(200);
  await rig.happened('a cosigned 200');
  await rig.witnesses.close();
  t.true((await rig.stored())?.includes('\n200\n'));
});

test('what was cosigned under an earlier key of the log is no reason to keep a smaller checkpoint out', async (t) => {
  const renewed = createTestLog('log.example/client');
  const [a, b] = [await witnessOf(t, log), await witnessOf(t, renewed)];
  const first = await rigOf(t, log, [{ name: 'a', ...a }]);
  await first.offer(1000);
  await first.happened('a cosigned 1000');
  await first.witnesses.close();
  const second = await rigOf(t, renewed, [{ name: 'a', ...b }], first);
  t.deepEqual([...second.witnesses.sizes()], [['a', 0]]);
  await second.offer(10);
  await second.happened('a cosigned 10');
  await second.witnesses.close();
  t.true((await second.stored())?.includes('\n10\n'));
});
