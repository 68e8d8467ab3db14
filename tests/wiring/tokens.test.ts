import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { AuditLog } from '../../sidecar/audit/audit-log.js';
import { mintToken, type StoredToken } from '../../sidecar/server/access/token.js';
import { openTokens, type Tokens } from '../../sidecar/wiring/tokens.js';
import { leavesOf } from '../audit/double-log.js';
import { logOptions, openAuditLog } from '../audit/records.js';
import { createFaultyStore, type FaultyStore } from '../storage/faulty-store.js';

interface Rig {
  readonly file: string;
  readonly dataDir: string;
  readonly store: FaultyStore;
  readonly log: AuditLog;
  readonly lines: string[];
  tokens: Tokens;
  /** Closes and opens the tokens once more, as a restart does. */
  again(): Promise<void>;
  /** Event and token of every leaf about tokens. */
  recorded(): string[];
}

async function rig(t: ExecutionContext, options: { begins?: boolean } = {}): Promise<Rig> {
  const dataDir = await mkdtemp(join(tmpdir(), 'jimini-tokens-'));
  const file = join(dataDir, 'tokens.json');
  const store = createFaultyStore();
  const log = await openAuditLog(logOptions(store));
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  const open = () => openTokens({ file, dataDir, auditLog: log, logger });
  const made: Rig = {
    file,
    dataDir,
    store,
    log,
    lines,
    tokens: await open(),
    async again() {
      await made.tokens.close();
      made.tokens = await open();
      await made.tokens.begin();
    },
    recorded: () =>
      leavesOf(store.disk)
        .filter(({ what }) => what === 'tokens')
        .map(({ event, token_id }) => `${event} ${token_id}`),
  };
  if (options.begins !== false) await made.tokens.begin();
  t.teardown(async () => {
    await made.tokens.close();
    await log.close('shutdown');
    await rm(dataDir, { recursive: true });
  });
  return made;
}

function mint(name = 'ana', lifeMs = 1_000_000): StoredToken {
  return mintToken((count) => randomBytes(count), { name, roles: ['reader'], nowMs: Date.now(), lifeMs }).stored;
}

/** Writes the file as `jimini token` does. */
async function write(file: string, tokens: readonly StoredToken[], mode = 0o600): Promise<void> {
  await writeFile(`${file}.tmp`, JSON.stringify({ version: 1, tokens }), { mode });
  await chmod(`${file}.tmp`, mode);
  await rename(`${file}.tmp`, file);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const ids = ({ tokens }: Rig) => tokens.accepted().map(({ id }) => id);

test('a token is accepted once a leaf says so, and gone when it is revoked', async (t) => {
  const made = await rig(t);
  const [first, second] = [mint(), mint('ben')];
  await write(made.file, [first]);
  await until(() => ids(made).length === 1);
  t.deepEqual(made.recorded(), [`add ${first.id}`]);
  await write(made.file, [first, second]);
  await until(() => ids(made).length === 2);
  await write(made.file, [second]);
  await until(() => made.recorded().length === 3);
  t.deepEqual(ids(made), [second.id]);
  t.deepEqual(made.recorded(), [`add ${first.id}`, `add ${second.id}`, `remove ${first.id}`]);
  const [leaf] = leavesOf(made.store.disk).filter(({ event }) => event === 'add');
  t.like(leaf, { kind: 'config', principal: 'ana', roles: ['reader'], expires_ms: first.expiresMs });
  t.false(made.lines.join().includes(first.sha256));
});

test('what changes while the program does not run is recorded at the next start, and nothing twice', async (t) => {
  const made = await rig(t);
  const [stays, goes, comes] = [mint(), mint(), mint()];
  await write(made.file, [stays, goes]);
  await until(() => ids(made).length === 2);
  await made.tokens.close();
  await write(made.file, [{ ...stays, roles: ['auditor'] }, comes]);
  await made.again();
  t.deepEqual(made.recorded().slice(2).sort(), [`add ${comes.id}`, `change ${stays.id}`, `remove ${goes.id}`]);
  await made.again();
  t.is(made.recorded().length, 5);
});

test('a sidecar that never had a token warns, and does not cry', async (t) => {
  const made = await rig(t);
  t.regex(made.lines.join(), /"level":40,[^\n]*no such file; run `jimini token issue`/);
  t.notRegex(made.lines.join(), /"level":50/);
});

test('tokens that the log tells of are accepted from the start, others wait for it', async (t) => {
  const made = await rig(t, { begins: false });
  await write(made.file, [mint()]);
  await made.tokens.begin();
  t.is(ids(made).length, 1);
  await made.tokens.close();
  const { file, dataDir, log } = made;
  const logger = pino({ level: 'silent' });
  const before = await openTokens({ file, dataDir, auditLog: log, logger });
  t.is(before.accepted().length, 1);
  await write(file, [...before.accepted(), mint()]);
  const later = await openTokens({ file, dataDir, auditLog: log, logger });
  t.is(later.accepted().length, 1);
});

test('while the log takes no records a new token is not accepted, and a removed one is gone at once', async (t) => {
  const made = await rig(t);
  const [first, second] = [mint(), mint()];
  await write(made.file, [first]);
  await until(() => ids(made).length === 1);
  const state = { now: 'healing' };
  Object.defineProperty(made.log, 'state', { get: () => state.now, configurable: true });
  await write(made.file, [second]);
  await until(() => ids(made).length === 0);
  t.is(made.recorded().length, 1);
  state.now = 'open';
  await until(() => ids(made).length === 1);
  t.deepEqual(made.recorded().slice(1).sort(), [`add ${second.id}`, `remove ${first.id}`].sort());
});

const unusable = test.macro({
  title: (_, what: string) => `${what}: no token is accepted, it is told, and it heals`,
  async exec(t: ExecutionContext, _: string, spoil: (file: string) => Promise<unknown>, says: RegExp) {
    const made = await rig(t);
    const token = mint();
    await write(made.file, [token]);
    await until(() => ids(made).length === 1);
    await spoil(made.file);
    await until(() => made.tokens.problem() !== undefined);
    t.deepEqual(ids(made), []);
    t.regex(made.tokens.problem() ?? '', says);
    t.true(made.lines.some((line) => /"level":50.*no token is accepted on the control port/.test(line)));
    t.false(made.lines.join().includes(token.sha256));
    await rm(made.file, { recursive: true, force: true });
    await write(made.file, [token]);
    await until(() => ids(made).length === 1);
    t.is(made.tokens.problem(), undefined);
    t.is(made.recorded().length, 1);
  },
});

test(unusable, 'a file that others can read', (file) => chmod(file, 0o644), /can be read or written by others/);
test(unusable, 'a file that is gone', (file) => rm(file), /no such file; run `jimini token issue`$/);
test(unusable, 'a file that is no JSON', (file) => writeFile(file, '{"sha256": "secret'), /: not JSON$/);
test(
  unusable,
  'a file with a token of an unknown shape',
  (file) => writeFile(file, '{"version":1,"tokens":[1]}'),
  /tokens\.0/,
);
test(
  unusable,
  'a directory in its place',
  async (file) => {
    await rm(file);
    await mkdir(file);
  },
  /is a directory/,
);

test('a file behind the links of a mounted Secret is read, and a swap of the link noticed', async (t) => {
  const made = await rig(t);
  const [first, second] = [mint(), mint()];
  for (const [name, token] of [
    ['one', first],
    ['two', second],
  ] as const) {
    await mkdir(join(made.dataDir, name));
    await write(join(made.dataDir, name, 'tokens.json'), [token]);
  }
  await symlink('one', join(made.dataDir, '..data'));
  await symlink(join('..data', 'tokens.json'), made.file);
  await until(() => ids(made)[0] === first.id);
  await symlink('two', join(made.dataDir, '..data_tmp'));
  await rename(join(made.dataDir, '..data_tmp'), join(made.dataDir, '..data'));
  await until(() => ids(made)[0] === second.id);
  t.deepEqual(made.recorded().sort(), [`add ${first.id}`, `add ${second.id}`, `remove ${first.id}`].sort());
});
