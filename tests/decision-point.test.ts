import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readLeaves } from '../sidecar/audit/log-reader.js';
import { createHolders } from '../sidecar/audit/payload/holders.js';
import { createPayloads } from '../sidecar/audit/payload/payloads.js';
import { createDecisionPoint } from '../sidecar/decision-point.js';
import { createInspector } from '../sidecar/inspection/inspector.js';
import { systemClock } from '../sidecar/kernel/clock.js';
import type { Decision, Evaluation } from '../sidecar/kernel/evaluation.js';
import type { KillSwitchMode, MaintenanceScope } from '../sidecar/kernel/switch.js';
import type { Classifiers } from '../sidecar/policy/classifier.js';
import { loadPack } from '../sidecar/policy/load-pack.js';
import { createMaintenanceWindow } from '../sidecar/policy/maintenance.js';
import { createPolicy } from '../sidecar/policy/policy.js';
import { prepareDataDirectory } from '../sidecar/storage/data-directory.js';
import { Keyring } from '../sidecar/storage/keyring/keyring.js';
import type { ActingSwitches } from '../sidecar/switches/switchboard.js';
import { noTracing } from '../sidecar/telemetry/tracing.js';
import { levelLogOptions, openAuditLog } from './audit/records.js';

const PACK = `name: words\nversion: "1"\nrules:
  - {id: WORD, title: a word, severity: low, action: block, pattern: apple, examples: {match: [apple], no_match: [other]}}
  - {id: ASKS, title: a question, severity: low, action: flag, llm_prompt: prompt-canary, classifier: fruit}\n`;

const evaluation: Evaluation = {
  door: 'evaluate',
  direction: 'inbound',
  endpoint: '/v1/chat/completions',
  route: '/v1/chat/completions',
  tenant: 'acme',
  content: [{ kind: 'text', text: 'an apple for agent-canary-77' }],
  gaps: [],
  requestId: 'request-canary-42',
};

const NO_SWITCHES: ActingSwitches = { killSwitch: () => undefined, windowsFor: () => [] };

/** A decision point over a real log in a folder of its own. */
async function createChain(
  classifiers?: Classifiers,
  switches: ActingSwitches = NO_SWITCHES,
  { isRequired = true } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-decide-'));
  const options = levelLogOptions(await prepareDataDirectory(join(folder, 'data')));
  const auditLog = await openAuditLog(options);
  const packs = [loadPack({ name: 'words', file: 'words.yaml', text: PACK }).pack].flatMap((pack) => pack ?? []);
  const asked = new Map(classifiers ? [['fruit', 'deny'] as const] : []);
  const settings = { shadow: false, onError: 'deny', gapActions: {}, classifiers: asked } as const;
  const inspector = createInspector({
    policy: createPolicy(packs, settings),
    sources: [{ name: 'words', file: 'words.yaml', text: PACK }],
    settings,
    contentOptions: { credentialQueryNames: new Set() },
  });
  const observed: Decision[] = [];
  const keyring = new Keyring({ directory: join(folder, 'keyring'), logId: auditLog.logId, setting: 'keyringDir' });
  const holders = createHolders({ keyring, clock: systemClock, onOverCap: () => {} });
  let leftOut = 0;
  const onLeftOut = () => {
    leftOut += 1;
  };
  const random = (count: number) => randomBytes(count);
  const payloads = createPayloads({ holders, capture: 'full', random, isRequired, onLeftOut });
  const decisions = createDecisionPoint({
    inspector,
    classifiers: classifiers ?? { ask: () => Promise.reject(new Error('nobody may be asked')) },
    switches,
    auditLog,
    payloads,
    clock: systemClock,
    tracing: noTracing,
    observe: (_evaluation, decision) => observed.push(decision),
  });
  const leaves = async () => {
    const handle = await options.store.open();
    const all = [];
    const last = (await handle.lastRows(1))[0]?.seq ?? -1;
    for await (const leaf of readLeaves(handle, { from: 0, to: last, firstSeq: 0 }))
      all.push(Buffer.from(leaf.bytes).toString());
    await handle.close();
    return all;
  };
  const remove = async () => {
    await inspector.close();
    await keyring.close();
    await rm(folder, { recursive: true });
  };
  return { decisions, auditLog, keyring, observed, leaves, remove, leftOut: () => leftOut };
}

test('a decision is answered with the id of its leaf, and the leaf holds no text and no client-chosen id', async (t) => {
  const chain = await createChain();
  const decision = await chain.decisions.decide(evaluation);
  t.is(decision.effective, 'BLOCK');
  t.is(decision.decisionId, `${chain.auditLog.logId}:1`);
  t.deepEqual(chain.observed, [decision]);
  await chain.auditLog.close('shutdown');
  const leaves = await chain.leaves();
  const leaf = JSON.parse(leaves[1] ?? '');
  t.like(leaf, { kind: 'decision', seq: 1, raw: 'BLOCK', effective: 'BLOCK', rule_ids: ['WORD'], tenant: 'acme' });
  t.is(leaf.policy_revision, decision.policyRevision);
  t.notRegex(leaves.join('\n'), /apple|canary/);
  await chain.remove();
});

test('what cannot be recorded is blocked, without an id, and says why', async (t) => {
  const chain = await createChain();
  await chain.auditLog.close('shutdown');
  const clean = { ...evaluation, content: [{ kind: 'text', text: 'a pear' }] } as const;
  const decision = await chain.decisions.decide(clean);
  t.like(decision, { raw: 'ALLOW', effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  t.regex(decision.message, /store_unavailable/);
  t.is(chain.observed.length, 1);
  await chain.remove();
});

test('what needs a key that cannot be made durable is recorded without its payload, and counted', async (t) => {
  const chain = await createChain(undefined, NO_SWITCHES, { isRequired: false });
  await chain.keyring.close();
  const pear = { ...evaluation, content: [{ kind: 'text', text: 'a pear' }] } as const;
  const decision = await chain.decisions.decide(pear);
  t.is(decision.effective, 'ALLOW');
  t.not(decision.decisionId, '');
  t.is(chain.leftOut(), 1);
  await chain.auditLog.close('shutdown');
  const leaves = (await chain.leaves()).map((leaf) => JSON.parse(leaf));
  t.like(
    leaves.find(({ kind }) => kind === 'decision'),
    { c_request_id: '', c_req: '', c_resp: '', c_subj: '' },
  );
  await chain.remove();
});

test('where a payload is required, what needs a key that cannot be made durable is not recorded, and the next leaf says so', async (t) => {
  const chain = await createChain();
  await chain.keyring.close();
  const pear = { ...evaluation, content: [{ kind: 'text', text: 'a pear' }] } as const;
  const decision = await chain.decisions.decide(pear);
  t.like(decision, { raw: 'ALLOW', effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  const nothing = { ...pear, content: [], requestId: '' };
  t.not((await chain.decisions.decide(nothing)).decisionId, '', 'it needs no key');
  await chain.auditLog.close('shutdown');
  const kinds = (await chain.leaves()).map((leaf) => JSON.parse(leaf));
  t.like(
    kinds.find(({ kind }) => kind === 'gap'),
    { reason: 'store_unavailable', records: 1, kept: [] },
  );
  await chain.remove();
});

test('what cannot be recorded passes where its route says so, unless it is to be stopped', async (t) => {
  const chain = await createChain();
  await chain.auditLog.close('shutdown');
  const decide = (text: string) =>
    chain.decisions.decide({ ...evaluation, passesUnrecorded: true, content: [{ kind: 'text', text }] });
  const passed = await decide('a pear');
  t.like(passed, { effective: 'ALLOW', decisionId: '', outage: 'store_unavailable' });
  t.regex(passed.message, /^Allowed: .* Not recorded \(store_unavailable\)\.$/);
  t.like(await decide('an apple'), { effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  t.is(chain.observed.length, 2);
  await chain.remove();
});

test('what a classifier said is in the decision and in its leaf, and what it was asked is not', async (t) => {
  const asked: unknown[] = [];
  const chain = await createChain({
    ask: async (question) => {
      asked.push(question);
      return { said: 'yes', model: 'm-7' };
    },
  });
  const content = [{ kind: 'text', text: 'a text-canary' }] as const;
  const decision = await chain.decisions.decide({ ...evaluation, content });
  t.is(asked.length, 1);
  t.like(asked[0], { classifier: 'fruit', prompt: 'prompt-canary', text: 'a text-canary' });
  t.like(decision, { raw: 'FLAG', effective: 'FLAG', message: 'Flagged: a question.' });
  t.deepEqual(decision.answers, [{ ruleId: 'ASKS', classifier: 'fruit', model: 'm-7', said: 'yes' }]);
  t.notRegex(JSON.stringify(decision), /canary/);
  await chain.auditLog.close('shutdown');
  const leaf = JSON.parse((await chain.leaves())[1] ?? '');
  t.like(leaf, { raw: 'FLAG', rule_ids: ['ASKS'], classifier_count: 1 });
  t.deepEqual(leaf.classifiers, [{ model: 'm-7', name: 'fruit', rule: 'ASKS', said: 'yes' }]);
  t.notRegex(JSON.stringify(leaf), /canary/);
  await chain.remove();
});

test('a classifier without an answer is a gap in the record, and its stated verdict counts', async (t) => {
  const chain = await createChain({ ask: async () => ({ said: 'failed', model: 'm-7' }) });
  const content = [{ kind: 'text', text: 'a pear' }] as const;
  const decision = await chain.decisions.decide({ ...evaluation, content });
  t.like(decision, { raw: 'BLOCK', effective: 'BLOCK', matched: [], gaps: [{ kind: 'classifier:unavailable' }] });
  await chain.auditLog.close('shutdown');
  const leaf = JSON.parse((await chain.leaves())[1] ?? '');
  t.like(leaf, { effective: 'BLOCK', gaps: ['classifier:unavailable'] });
  t.is(leaf.classifiers[0].said, 'failed');
  await chain.remove();
});

test('what the rules block is not asked about', async (t) => {
  const chain = await createChain({ ask: () => Promise.reject(new Error('nobody may be asked')) });
  const decision = await chain.decisions.decide(evaluation);
  t.is(decision.effective, 'BLOCK');
  t.false('answers' in decision);
  await chain.auditLog.close('shutdown');
  t.notRegex((await chain.leaves())[1] ?? '', /classifier/);
  await chain.remove();
});

const thrown = (mode: KillSwitchMode): ActingSwitches => ({ killSwitch: () => mode, windowsFor: () => [] });
const windows = (...scopes: MaintenanceScope[]): ActingSwitches => {
  const made = scopes.map((scope, i) =>
    createMaintenanceWindow({ kind: 'maintenance', name: `w${i}`, reason: 'r', scope, fromMs: 0, untilMs: 1 }),
  );
  return { killSwitch: () => undefined, windowsFor: (about) => made.filter((window) => window.covers(about)) };
};
const LARGE = { content: [{ kind: 'text', text: `an apple ${'x'.repeat(10_000)}` }] } as const;
const PEAR = [{ kind: 'text', text: 'a pear' }] as const;

const underSwitch = test.macro(
  async (t, switches: ActingSwitches, changes: Partial<Evaluation>, decided: object, recorded: object) => {
    const chain = await createChain(undefined, switches);
    const decision = await chain.decisions.decide({ ...evaluation, ...changes });
    t.like(decision, decided);
    await chain.auditLog.close('shutdown');
    const leaf = JSON.parse((await chain.leaves())[1] ?? '');
    t.like(leaf, {
      raw: decision.raw,
      effective: decision.effective,
      switch: undefined,
      windows: undefined,
      ...recorded,
    });
    await chain.remove();
  },
);
const BYPASSED = { raw: 'BLOCK', effective: 'ALLOW', switch: { kind: 'bypass' } };
test('a bypass lets a block pass, and both are recorded', underSwitch, thrown('bypass'), {}, BYPASSED, {
  switch: 'bypass',
  rule_ids: ['WORD'],
});
const GAP = { content: PEAR, gaps: [{ kind: 'config:packs' }] } as const;
test('a bypass lets gaps pass', underSwitch, thrown('bypass'), GAP, BYPASSED, { switch: 'bypass' });
test(
  'a bypass changes nothing of what passes',
  underSwitch,
  thrown('bypass'),
  { content: PEAR },
  { effective: 'ALLOW' },
  {
    switch: 'bypass',
  },
);
test(
  'a lockdown denies what nothing speaks against, and says why',
  underSwitch,
  thrown('lockdown'),
  { content: PEAR },
  { raw: 'ALLOW', effective: 'BLOCK', message: 'Blocked: a lockdown is in force, and every request is denied.' },
  { switch: 'lockdown' },
);
const UNREADABLE = { content: [], gaps: [{ kind: 'message:malformed' }] } as const;
test('no switch acts on what nobody could read', underSwitch, thrown('bypass'), UNREADABLE, { effective: 'BLOCK' }, {});
const HELD = { raw: 'BLOCK', effective: 'ALLOW' };
const IN_MAINTENANCE = { switch: 'maintenance', windows: ['w0', 'w2'] };
const WINDOWS = windows({ tenants: ['acme'] }, { tenants: ['other'] }, { packs: ['other'] });
test('windows that cover it hold back, and are named', underSwitch, WINDOWS, {}, HELD, IN_MAINTENANCE);
test(
  'maintenance of another pack holds back nothing',
  underSwitch,
  windows({ packs: ['other'] }),
  {},
  { effective: 'BLOCK' },
  {
    switch: 'maintenance',
    windows: ['w0'],
  },
);
test('maintenance reaches the thread for large bodies', underSwitch, WINDOWS, LARGE, HELD, IN_MAINTENANCE);
test(
  'maintenance does not act on what nobody could read',
  underSwitch,
  WINDOWS,
  UNREADABLE,
  { effective: 'BLOCK' },
  {},
);
const ALL = { ...thrown('lockdown'), windowsFor: WINDOWS.windowsFor };
test('a lockdown is stronger than maintenance', underSwitch, ALL, {}, { effective: 'BLOCK' }, { switch: 'lockdown' });

test('a bypass lets nothing pass that cannot be recorded', async (t) => {
  const chain = await createChain(undefined, thrown('bypass'));
  await chain.auditLog.close('shutdown');
  const decision = await chain.decisions.decide(evaluation);
  t.like(decision, { raw: 'BLOCK', effective: 'BLOCK', decisionId: '', outage: 'store_unavailable' });
  t.regex(decision.message, /store_unavailable/);
  await chain.remove();
});

test('a switch that is thrown while an evaluation is under way acts on it', async (t) => {
  let mode: KillSwitchMode | undefined;
  const ask = async () => {
    mode = 'lockdown';
    return { said: 'no', model: 'm-7' } as const;
  };
  const chain = await createChain({ ask }, { killSwitch: () => mode, windowsFor: () => [] });
  const decision = await chain.decisions.decide({ ...evaluation, content: PEAR });
  t.like(decision, { raw: 'ALLOW', effective: 'BLOCK', switch: { kind: 'lockdown' } });
  await chain.auditLog.close('shutdown');
  await chain.remove();
});
