import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { Holder } from '../../sidecar/audit/payload/holder.js';
import { createHolders, type Holders } from '../../sidecar/audit/payload/holders.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { Keyring } from '../../sidecar/storage/keyring/keyring.js';
import { temporaryDirectory } from '../storage/temporary.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NOON = Date.UTC(2026, 10, 28, 12);

/** Holders over a real keyring, at a time that tests set. */
function rig(directory = temporaryDirectory(), subjectKeysMax?: number) {
  const time = { nowMs: NOON };
  const clock = { nowMs: () => time.nowMs, monotonicNs: () => 0n };
  const keyring = new Keyring({ directory: join(directory, 'keys'), logId: 'log', setting: 'keyringDir' });
  let overCap = 0;
  const onOverCap = () => {
    overCap += 1;
  };
  const holders = createHolders({ keyring, clock, onOverCap, ...(subjectKeysMax && { subjectKeysMax }) });
  return { directory, time, keyring, holders, overCap: () => overCap };
}

const verified = (id: string) => ({ id, isVerified: true });
const tagOf = ({ tag }: Holder) => Buffer.from(tag ?? []).toString('hex');
const ask = async (holders: Holders, id?: string) => holders.of(id === undefined ? undefined : verified(id));

test('a subject has one key all day and after a restart, and no two subjects have the same', async (t) => {
  const first = rig();
  const [alice, again, bob, nobody] = await Promise.all(
    ['alice', 'alice', 'bob', undefined].map((id) => ask(first.holders, id)),
  );
  t.is(alice, again);
  t.is(new Set([alice, bob, nobody].map((holder) => tagOf(holder as Holder))).size, 3);
  t.deepEqual(first.holders.of(verified('alice')), alice, 'at once when it is there');
  await first.keyring.close();
  const second = rig(first.directory);
  t.deepEqual(await ask(second.holders, 'alice'), alice);
  t.deepEqual(await ask(second.holders), nobody);
  await second.keyring.close();
});

test('what a caller asserts is somebody else than whom the proxy names', async (t) => {
  const { holders, keyring } = rig();
  const asserted = await holders.of({ id: 'alice', isVerified: false });
  t.not(tagOf(asserted), tagOf(await ask(holders, 'alice')));
  await keyring.close();
});

test('the next day has another key, the next month another key of the subject too', async (t) => {
  const { holders, keyring, time } = rig();
  const days = [await ask(holders, 'alice')];
  for (const nowMs of [NOON + DAY_MS, NOON + 5 * DAY_MS]) {
    time.nowMs = nowMs;
    days.push(await ask(holders, 'alice'));
  }
  t.deepEqual(
    days.map(({ day }) => day),
    ['2026-11-28', '2026-11-29', '2026-12-03'],
  );
  t.is(new Set(days.map(tagOf)).size, 3);
  const ids = Array.from(keyring.ids(), (id) => id.replace(/\.[\w-]{43}$/, '.pseudonym')).toSorted();
  t.deepEqual(ids, [
    'day/2026-11-28',
    'day/2026-11-29',
    'day/2026-12-03',
    'subject/202611.pseudonym',
    'subject/202612.pseudonym',
    'tag/202611',
    'tag/202612',
  ]);
  await keyring.close();
});

test('over the number of new subjects a minute the key of the day serves, and is counted', async (t) => {
  const { holders, keyring, time, overCap } = rig();
  const ids = Array.from({ length: LIMITS.newSubjectsPerMinuteMax }, (_, i) => `s${i}`);
  const all = await Promise.all(ids.map((id) => ask(holders, id)));
  t.true(all.every(({ tag }) => tag));
  t.is(overCap(), 0);
  t.is(await ask(holders, 'late'), await ask(holders));
  t.is(overCap(), 1);
  t.is(tagOf(await ask(holders, 's7')), tagOf(all[7] as Holder), 'who is known is served');
  time.nowMs += MINUTE_MS;
  t.not(tagOf(await ask(holders, 'late')), '');
  t.is(overCap(), 1);
  await keyring.close();
});

test('over the number of subjects in all the key of the day serves, also after a restart', async (t) => {
  const first = rig(undefined, 2);
  for (const id of ['a', 'b', 'c', 'a']) await ask(first.holders, id);
  t.is(first.overCap(), 1);
  await first.keyring.close();
  const second = rig(first.directory, 2);
  second.time.nowMs += MINUTE_MS;
  t.not(tagOf(await ask(second.holders, 'b')), '');
  t.is(tagOf(await ask(second.holders, 'd')), '');
  t.is(second.overCap(), 1);
  await second.keyring.close();
});

test('a keyring that cannot be used gives no holder, and one that can be used again does', async (t) => {
  const { directory, holders, keyring } = rig();
  writeFileSync(join(directory, 'keys'), '');
  await t.throwsAsync(ask(holders, 'alice'), {
    code: 'JIMINI_CONFIG_INVALID',
    message: /keyringDir: .* is not a directory/,
  });
  await t.throwsAsync(ask(holders), { code: 'JIMINI_CONFIG_INVALID' });
  rmSync(join(directory, 'keys'));
  await delay(LIMITS.keyringReopenMs + 50);
  t.not(tagOf(await ask(holders, 'alice')), '');
  await keyring.close();
  await t.throwsAsync(keyring.obtain('day/2000-01-01'), { code: 'JIMINI_KEYRING_UNAVAILABLE' });
});

test('logs that share a directory have keyrings of their own, and one that others may write to is refused', async (t) => {
  const directory = temporaryDirectory();
  const keyringOf = (logId: string) => new Keyring({ directory, logId, setting: 'keyringDir' });
  const keyrings = ['one', 'other'].map(keyringOf);
  const keys = await Promise.all(keyrings.map((keyring) => keyring.obtain('day/2026-11-28')));
  t.notDeepEqual(keys[0], keys[1]);
  await Promise.all(keyrings.map((keyring) => keyring.close()));
  chmodSync(join(directory, 'one'), 0o770);
  await t.throwsAsync(keyringOf('one').open(), { code: 'JIMINI_CONFIG_INVALID', message: /keyringDir: .*writable by/ });
});
