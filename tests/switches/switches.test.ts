import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Config, finishConfig } from '../../sidecar/config/config.js';
import { checkSchema } from '../../sidecar/config/issues.js';
import { readSwitchNotes, saveSwitchNotes } from '../../sidecar/storage/switch-notes.js';
import { readTokenNotes } from '../../sidecar/storage/token-notes.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createSwitches, type Switches } from '../../sidecar/wiring/switches.js';
import { healed, leavesOf, verifyRows } from '../audit/double-log.js';
import { logOptions, openAuditLog } from '../audit/records.js';
import { createFaultyStore, type FaultyStore } from '../storage/faulty-store.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';

const START_MS = Date.parse('2026-11-28T12:00:00Z');
const MINUTE_MS = 60_000;

/** A clock that stands until it is moved. */
class HandClock {
  wallMs = START_MS;
  monoMs = 5_000;
  nowMs = () => this.wallMs;
  monotonicNs = () => BigInt(Math.round(this.monoMs * 1e6));
  pass(minutes: number): void {
    this.wallMs += minutes * MINUTE_MS;
    this.monoMs += minutes * MINUTE_MS;
  }
}

function configOf(value: unknown): Config {
  const checked = checkSchema(value);
  if (!('input' in checked)) throw new Error(JSON.stringify(checked.faults));
  return finishConfig(checked.input, new Map(), '/');
}
const killSwitch = (mode: string, until: string) => ({ killSwitch: { mode, reason: 'reason-canary', until } });
const show = (switches: Switches, value: unknown) =>
  switches.show({ config: configOf(value), origins: new Map(), problems: [] });

/** Switches over a log and a data directory of their own, or over those of the run before. */
async function start(t: { teardown(end: () => Promise<void>): void }, before: Partial<Rig> = {}) {
  const { clock = new HandClock(), store = createFaultyStore() } = before;
  const dataDir = before.dataDir ?? (await temporaryDataDirectory());
  const auditLog = await openAuditLog(logOptions(store));
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => lines.push(line) > 0 } as NodeJS.WritableStream);
  const switches = await createSwitches({ dataDir, clock, auditLog, logger });
  let ended: Promise<void> | undefined;
  const stop = () => {
    ended ??= switches.board.close().then(() => auditLog.close('shutdown').catch(() => undefined));
    return ended;
  };
  t.teardown(stop);
  return { clock, store, dataDir, auditLog, switches, board: switches.board, lines, stop };
}

interface Rig {
  readonly clock: HandClock;
  readonly store: FaultyStore;
  readonly dataDir: string;
}

const admin = (store: FaultyStore) => leavesOf(store.disk).filter(({ kind }) => kind === 'admin');
const events = (store: FaultyStore) => admin(store).map(({ event, name }) => `${event} ${name}`);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a bypass acts once it is noted and in the log, and its end is recorded though nobody asks', async (t) => {
  const { board, switches, store, clock, dataDir, lines } = await start(t);
  show(switches, killSwitch('bypass', '2026-11-28T12:30:00Z'));
  board.begin();
  t.is(board.killSwitch(), undefined);
  t.is(board.states()[0]?.state, 'recording');
  await until(() => board.killSwitch() === 'bypass');
  const [begin] = admin(store);
  t.like(begin, { op: 'kill_switch', event: 'begin', name: 'bypass', first_shown_ms: START_MS });
  t.is(begin?.['until_ms'], START_MS + 30 * MINUTE_MS);
  t.regex(String(begin?.['digest']), /^[0-9a-f]{64}$/);
  t.is((await readSwitchNotes(dataDir)).length, 1);
  clock.pass(30);
  await until(() => events(store).includes('expire bypass'));
  t.is(board.killSwitch(), undefined);
  t.is((await verifyRows(store.disk)).status, 'ok');
  t.notRegex(store.disk.map(({ bytes }) => Buffer.from(bytes).toString()).join(), /canary/, 'no words in the log');
  t.is(lines.length, 2);
  t.like(JSON.parse(lines[0] ?? ''), { level: 'warn', switch: 'kill_switch bypass', reason: 'reason-canary' });
});

test('a decision at the very moment of the end does not wait for it to be noticed', async (t) => {
  const { board, switches, clock } = await start(t);
  show(switches, killSwitch('bypass', '2026-11-28T12:30:00Z'));
  board.begin();
  await until(() => board.killSwitch() === 'bypass');
  clock.pass(29.9999);
  t.is(board.killSwitch(), 'bypass');
  clock.pass(0.0001);
  t.is(board.killSwitch(), undefined);
});

test('a lockdown acts at once, before the log has begun and while it is away', async (t) => {
  let isAway = true;
  const store = createFaultyStore({ batchFate: (batch) => (batch > 0 && isAway ? 'lost' : 'written') });
  const { board, switches, auditLog, lines } = await start(t, { store });
  show(switches, killSwitch('lockdown', '2026-11-28T12:30:00Z'));
  t.is(board.killSwitch(), 'lockdown');
  board.begin();
  await until(() => lines.some((line) => line.includes('cannot be recorded')));
  show(switches, killSwitch('bypass', '2026-11-28T12:30:00Z'));
  t.is(board.killSwitch(), undefined, 'what loosens waits for the log');
  isAway = false;
  await healed(auditLog);
  await until(() => board.killSwitch() === 'bypass');
  await until(() => events(store).length === 3);
  t.deepEqual(events(store), ['begin lockdown', 'begin bypass', 'lift lockdown']);
  t.is(lines.filter((line) => line.includes('cannot be recorded')).length, 1, 'one outage is told once');
});

test('an end that could not be recorded is recorded by the next run', async (t) => {
  let isAway = false;
  const store = createFaultyStore({ batchFate: () => (isAway ? 'lost' : 'written') });
  const first = await start(t, { store });
  const config = killSwitch('bypass', '2026-11-28T12:30:00Z');
  show(first.switches, config);
  first.board.begin();
  await until(() => first.board.killSwitch() === 'bypass');
  isAway = true;
  first.clock.pass(30);
  await until(() => first.lines.some((line) => line.includes('cannot be recorded')));
  await first.stop();
  isAway = false;
  first.clock.wallMs = START_MS;
  const second = await start(t, first);
  show(second.switches, config);
  second.board.begin();
  await until(() => events(store).length === 2);
  t.deepEqual(events(store), ['begin bypass', 'expire bypass']);
  t.is(second.board.states()[0]?.state, 'over', 'the clock set back has won nothing');
  await second.stop();
  t.true((await readSwitchNotes(first.dataDir))[0]?.isOver);
});

test('a bypass that is renewed lets no request be stopped in between', async (t) => {
  const { board, switches, store } = await start(t);
  show(switches, killSwitch('bypass', '2026-11-28T12:30:00Z'));
  board.begin();
  await until(() => board.killSwitch() === 'bypass');
  show(switches, killSwitch('bypass', '2026-11-28T12:45:00Z'));
  t.is(board.killSwitch(), 'bypass');
  await until(() => events(store).includes('change bypass'));
  show(switches, {});
  t.is(board.killSwitch(), undefined);
  await until(() => events(store).length === 3);
  t.deepEqual(events(store), ['begin bypass', 'change bypass', 'lift bypass']);
});

test('a restart and a clock set back renew nothing', async (t) => {
  const first = await start(t);
  const config = killSwitch('bypass', '2026-11-28T13:00:00Z');
  show(first.switches, config);
  first.board.begin();
  await until(() => first.board.killSwitch() === 'bypass');
  first.clock.pass(50);
  await first.stop();

  const clock = new HandClock();
  const second = await start(t, { ...first, clock });
  show(second.switches, config);
  second.board.begin();
  await until(() => second.board.killSwitch() === 'bypass');
  clock.pass(9.99);
  t.is(second.board.killSwitch(), 'bypass');
  clock.pass(0.01);
  t.is(second.board.killSwitch(), undefined);
  await second.stop();

  const third = await start(t, { ...first, clock: new HandClock() });
  show(third.switches, config);
  t.is(third.board.states()[0]?.state, 'over');
  await third.stop();
  t.deepEqual(events(first.store), ['begin bypass', 'begin bypass', 'expire bypass']);
});

test('what is refused is refused after a restart too, until its times are others', async (t) => {
  const first = await start(t);
  const config = killSwitch('bypass', '2026-11-28T15:00:00Z');
  const refused = { code: 'JIMINI_CONFIG_INVALID', message: /killSwitch\.until: is more than an hour after/ };
  t.throws(() => show(first.switches, config), refused);
  await first.stop();
  const second = await start(t, first);
  second.clock.pass(150);
  t.throws(() => show(second.switches, config), refused);
  t.notThrows(() => show(second.switches, killSwitch('bypass', '2026-11-28T15:10:00Z')));
});

test('windows cover what their scope says, and are told by their names', async (t) => {
  const { board, switches, store } = await start(t);
  const times = { from: '2026-11-28T12:00:00Z', until: '2026-11-28T12:30:00+00:00', reason: 'a move' };
  const maintenance = [
    { name: 'chat', scope: { endpoints: ['/v1/chat/*'], tenants: ['acme'] }, ...times },
    { name: 'cards', scope: { packs: ['pci'] }, ...times },
    { name: 'later', scope: { packs: ['pii'] }, ...times, from: '2026-11-28T12:10:00Z' },
  ];
  show(switches, { maintenance });
  board.begin();
  await until(() => board.windows().length === 2);
  const names = (endpoint: string, tenant: string) => board.windowsFor({ endpoint, tenant }).map(({ name }) => name);
  t.deepEqual(names('/v1/chat/completions', 'acme'), ['chat', 'cards']);
  t.deepEqual(names('/v1/chat/completions', 'other'), ['cards']);
  t.deepEqual(names('/v1/chats', 'acme'), ['cards']);
  t.deepEqual(
    board.states().map(({ state }) => state),
    ['acting', 'acting', 'waiting'],
  );
  t.like(admin(store)[0], { op: 'maintenance', name: 'chat', from_ms: START_MS });
  show(switches, {
    maintenance: maintenance.with(1, { ...maintenance[1], scope: { packs: ['pci', 'pii'] } } as never),
  });
  t.deepEqual(names('', ''), [], 'a wider scope waits for the log');
  await until(() => board.windows().length === 2);
  t.is((await verifyRows(store.disk)).status, 'ok');
});

test('without switches nothing is written, and the notes are for their owner only', async (t) => {
  const { dataDir, board, switches, stop } = await start(t);
  const file = join(dataDir, 'switches.json');
  show(switches, {});
  board.begin();
  show(switches, killSwitch('lockdown', '2026-11-28T12:30:00Z'));
  await until(() => existsSync(file));
  t.is(statSync(file).mode & 0o777, 0o600);
  t.notRegex(readFileSync(file, 'utf8'), /canary/);
  await stop();
  const other = await start(t);
  show(other.switches, {});
  other.board.begin();
  await other.stop();
  t.false(existsSync(join(other.dataDir, 'switches.json')));
});

test('notes are read as they were written, with a fraction of a millisecond more', async (t) => {
  const dataDir = temporaryDirectory();
  t.deepEqual(await readSwitchNotes(dataDir), []);
  const note = { key: 'kill_switch bypass 5', untilMs: 5, firstShownMs: 1, reachedMs: 2.25, isOver: false };
  await saveSwitchNotes(dataDir, [note]);
  t.deepEqual(await readSwitchNotes(dataDir), [{ ...note, reachedMs: 3 }]);
  await t.throwsAsync(saveSwitchNotes(join(dataDir, 'absent'), []), { code: 'JIMINI_STORE_UNAVAILABLE' });
});

for (const [what, text] of [
  ['cut', '{"switches":[{"isOver":fal'],
  ['of another version', '{"switches":[],"v":1}\n'],
  ['without a time', '{"switches":[{"isOver":false,"key":"k","firstShownMs":1,"reachedMs":2}],"v":0}\n'],
  ['too large', `{"switches":[],"v":0}${' '.repeat(300_000)}`],
  ['no object', 'null'],
] as const) {
  test(`notes that are ${what} stop the start, and say what to do`, async (t) => {
    const dataDir = temporaryDirectory();
    writeFileSync(join(dataDir, 'switches.json'), text);
    const message = /switches\.json is damaged: remove it/;
    await t.throwsAsync(readSwitchNotes(dataDir), { code: 'JIMINI_STORE_CORRUPT', message });
  });
}

test('notes that cannot be read stop the start, and are not called damaged', async (t) => {
  const dataDir = temporaryDirectory();
  for (const name of ['switches.json', 'recorded-tokens.json']) symlinkSync(name, join(dataDir, name));
  const refused = { code: 'JIMINI_STORE_UNAVAILABLE', message: /json cannot be read \(ELOOP\)/ };
  await t.throwsAsync(readSwitchNotes(dataDir), refused);
  await t.throwsAsync(readTokenNotes(dataDir), refused);
});
