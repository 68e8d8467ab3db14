import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { createKeptTiles } from '../../sidecar/audit/tree/kept-tiles.js';
import { ROLES, type Role } from '../../sidecar/kernel/role.js';
import { createGate, type Refusal } from '../../sidecar/server/access/gate.js';
import { createAuditService } from '../../sidecar/server/audit-service.js';
import { decision } from '../audit/records.js';
import { type AuditClient, auditClient, bearer, openControlPort, outcomeOf } from './control-rig.js';
import { call, client, ECHO, method, serve, until } from './rig.js';

const SERVICE = '/jimini.v1.AuditService';

/** Who may call what, written down once more: by nobody else. */
const ALLOWED: Readonly<Record<string, readonly Role[]>> = {
  ListEntries: ['auditor', 'reader'],
  StreamEntries: ['auditor', 'reader'],
  Verify: ['auditor'],
  GetCheckpoint: ['auditor', 'reader'],
  GetInclusionProof: ['auditor', 'reader'],
  GetConsistencyProof: ['auditor', 'reader'],
};

const CALLS: Readonly<Record<string, (made: AuditClient) => Promise<number>>> = {
  ListEntries: (made) => codeOf(made.list()),
  StreamEntries: async (made) => (await outcomeOf(made.stream({ stopAtEnd: true }))).code,
  Verify: async (made) => (await outcomeOf(made.verify())).code,
  GetCheckpoint: (made) => codeOf(made.checkpoint()),
  GetInclusionProof: (made) => codeOf(made.inclusion({ seq: 0n })),
  GetConsistencyProof: (made) => codeOf(made.consistency({ firstSize: 1n })),
};

const codeOf = (answer: Promise<unknown>): Promise<number> =>
  answer.then(
    () => status.OK,
    (error) => error.code,
  );

test('the table of this test has every method of the proto and of the service', (t) => {
  const proto = readFileSync(new URL('../../../proto/jimini/v1/audit.proto', import.meta.url), 'utf8');
  const inProto = [...proto.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, name]) => name);
  const { methods, streams } = createAuditService({
    log: undefined as never,
    kept: createKeptTiles(),
    onMalformed: () => {},
  });
  t.deepEqual(Object.keys(ALLOWED), inProto);
  t.deepEqual([...methods.keys(), ...streams.keys()].sort(), inProto.map((name) => `${SERVICE}/${name}`).sort());
});

const mayCall = test.macro({
  title: (_, name: string, role: Role | undefined) =>
    `${name} is ${verdict(name, role)} to ${role ?? 'who has no token'}`,
  async exec(t: ExecutionContext, name: string, role: Role | undefined) {
    const port = await openControlPort(t);
    const headers = role ? bearer(port.issue([role]).token) : {};
    const code = await CALLS[name]?.(auditClient(t, port.address, headers));
    t.is(
      code,
      { open: status.OK, closed: role ? status.PERMISSION_DENIED : status.UNAUTHENTICATED }[verdict(name, role)],
    );
    const principal = role ? { principal: 'ana' } : {};
    const refusal = { method: `${SERVICE}/${name}`, reason: role ? 'no_role' : 'no_token', ...principal } as Refusal;
    t.deepEqual(port.refusals, verdict(name, role) === 'open' ? [] : [refusal]);
  },
});

function verdict(name: string, role: Role | undefined): 'open' | 'closed' {
  return role && ALLOWED[name]?.includes(role) ? 'open' : 'closed';
}

for (const name of Object.keys(ALLOWED)) for (const role of [undefined, ...ROLES]) test(mayCall, name, role);

test('a token that is wrong in any way is UNAUTHENTICATED, and nothing repeats it', async (t) => {
  const port = await openControlPort(t);
  const { token } = port.issue(['auditor']);
  const expired = port.issue(['auditor'], { name: 'old', lifeMs: -1 }).token;
  const flipped = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
  const shown = [flipped, expired, token.slice(0, -1), `${token}a`, `${token},${token}`, 'jmn_'];
  const headers = [
    ...shown.map((text) => `Bearer ${text}`),
    token,
    `Basic ${token}`,
    `Bearer${token}`,
    `Token ${token}`,
  ];
  for (const authorization of headers) {
    const error = await t.throwsAsync(auditClient(t, port.address, { authorization }).list());
    t.like(error, { code: status.UNAUTHENTICATED, details: 'the token is not accepted' }, authorization);
  }
  t.is(port.refusals.length, headers.length);
  t.deepEqual(
    port.refusals.filter(({ reason }) => reason === 'expired_token').map(({ principal }) => principal),
    ['old'],
  );
  t.false(JSON.stringify(port.refusals).includes(token.slice(5, 30)));
});

test('the name of the scheme may be written in any case', async (t) => {
  const port = await openControlPort(t);
  const { token } = port.issue(['reader']);
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    await t.notThrowsAsync(auditClient(t, port.address, { authorization: `${scheme} ${token}` }).list());
  }
});

test('a method that is not in the table is refused to every role; health needs no token', async (t) => {
  const { token, stored } = (await openControlPort(t)).issue([...ROLES]);
  const access = createGate({
    tokens: () => [stored],
    clients: {},
    proxies: [],
    clock: { nowMs: () => Date.now(), monotonicNs: () => 0n },
    onRefused: () => {},
  });
  const { address } = await serve(t, { methods: new Map([[ECHO, method(async (message) => message)]]), access });
  const made = client(t, address);
  t.like(await call(made, 'x', { headers: bearer(token) }), { code: status.PERMISSION_DENIED });
  t.like(await call(made, 'x'), { code: status.UNAUTHENTICATED });
  t.true('answer' in (await call(made, '', { path: '/grpc.health.v1.Health/Check' })));
});

test('a certificate gives the roles of all entries that name it, that of a proxy none, and a refused workload is named', (t) => {
  const refusals: Refusal[] = [];
  const access = createGate({
    tokens: () => [],
    clients: { 'spiffe://a/ns/*': ['reader'], 'spiffe://a/ns/x': ['operator'], 'spiffe://a/proxy': ['auditor'] },
    proxies: ['spiffe://a/proxy'],
    clock: { nowMs: () => 0, monotonicNs: () => 0n },
    onRefused: (refusal) => refusals.push(refusal),
  }).of(`${SERVICE}/ListEntries`);
  const admit = (clientId: string | undefined, authorization: string[] = []) =>
    access.admit({ authorization, clientId });
  t.like(admit('spiffe://a/ns/x'), { name: 'spiffe://a/ns/x', roles: ['reader', 'operator'] });
  t.like(admit('spiffe://a/ns/x', ['Bearer jmn_']), { code: 'JIMINI_UNAUTHENTICATED' }, 'a token counts alone');
  for (const id of ['spiffe://a/proxy', 'spiffe://a/ns', 'spiffe://b/ns/x', 'urn:person:ana', undefined]) {
    t.like(admit(id), { code: 'JIMINI_UNAUTHENTICATED' });
  }
  t.deepEqual(
    refusals.map(({ reason, principal }) => [reason, principal]),
    [
      ['bad_token', 'spiffe://a/ns/x'],
      ['no_token', 'spiffe://a/proxy'],
      ['no_token', 'spiffe://a/ns'],
      ['no_token', 'spiffe://b/ns/x'],
      ['no_token', undefined],
      ['no_token', undefined],
    ],
  );
});

test('a refused call takes no place and its message is not waited for', async (t) => {
  const port = await openControlPort(t, { callsMax: 1 });
  const made = client(t, port.address);
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () => call(made, Buffer.alloc(1024 * 1024), { path: `${SERVICE}/ListEntries` })),
  );
  t.true(outcomes.every((outcome) => 'code' in outcome && outcome.code === status.UNAUTHENTICATED));
  await until(() => port.server.load().calls === 0);
});

test('a stream ends when its token is revoked, has expired, or has lost its role', async (t) => {
  const port = await openControlPort(t, { callMsMax: 2_000 });
  const open = (name: string) => {
    const { token, stored } = port.issue(['reader'], { name });
    return { stored, stream: auditClient(t, port.address, bearer(token)).stream() };
  };
  const [revoked, expiring, demoted, kept] = [open('a'), open('b'), open('c'), open('d')] as const;
  const ended = [revoked, expiring, demoted].map(({ stream }) => outcomeOf(stream));
  kept.stream.on('error', () => {});
  await once(kept.stream, 'data');
  const changed = [
    { ...expiring.stored, expiresMs: Date.now() },
    { ...demoted.stored, roles: ['operator'] as const },
  ];
  port.tokens.splice(0, 3, ...changed);
  t.deepEqual(
    (await Promise.all(ended)).map(({ code }) => code),
    [status.UNAUTHENTICATED, status.UNAUTHENTICATED, status.PERMISSION_DENIED],
  );
  const more = once(kept.stream, 'data');
  await port.log.append({ leafFields: decision('later') });
  await more;
  t.is(port.refusals.length, 3);
  kept.stream.cancel();
});
