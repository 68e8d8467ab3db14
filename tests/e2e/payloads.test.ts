import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { EvaluateRequest } from '../../proto/gen/jimini/v1/policy.js';
import { CAPTURES, type Capture } from '../../sidecar/kernel/evaluation.js';
import type { Commitments, Payload } from '../../sidecar/privacy/payload.js';
import { viewHolds, viewOf } from '../../sidecar/privacy/view.js';
import { commitmentByHand, filesBelow, readSealedLog, type SealedRecord } from '../privacy/sealed-log.js';
import { chatBodyOf, checkRequestBytes, connect } from '../processes/client.js';
import { FEW_RULES, startSidecarProcess } from '../processes/sidecar.js';

const CARD = '4111 1111 1111 1111';
/** The canary begins a text, so that nothing is near it, and stands before the card in the large one. */
const TEXT = `prompt-canary ${'and so on '.repeat(20)} my card is ${CARD}, it is`;
const LARGE = `${'nothing to see here '.repeat(1_000)}${TEXT}`;
const PERSON = 'person-canary';
const FIELDS = ['request_id', 'req', 'resp', 'subj'] as const;

/** What the sidecar with this setting recorded of a handful of requests, each with a name. */
async function recorded(capture: Capture) {
  const folder = await mkdtemp(join(tmpdir(), 'jimini-payloads-'));
  const [dataDir, keyringDir] = [join(folder, 'data'), join(folder, 'keyring')];
  const config = join(folder, 'jimini.yaml');
  await writeFile(config, 'policy: {routes: {quiet: {endpoints: [/v1/quiet], capture: none}}}\n');
  const sidecar = await startSidecarProcess({
    dataDir,
    args: ['--config', config],
    env: {
      ...FEW_RULES,
      JIMINI_LOG_CAPTURE: capture,
      JIMINI_KEYRING_DIR: keyringDir,
      JIMINI_TRUSTED_HEADERS: 'x-verified-user',
    },
  });
  const client = connect(sidecar.data);
  const ids = new Map<string, string>();
  const check = async (name: string, body: Buffer, more: { contentType?: string; principal?: string } = {}) => {
    const headers = {
      'x-request-id': `request-canary-${name}`,
      'content-type': more.contentType ?? 'application/json',
      ...(more.principal === undefined && { 'X-Verified-User': PERSON }),
    };
    const contextExtensions = { 'jimini.subject_header': 'x-verified-user' };
    const bytes = checkRequestBytes({ headers, body, contextExtensions, ...more });
    const { dynamicMetadata } = await client.check(bytes);
    ids.set(String(dynamicMetadata?.['decision_id']).split(':')[1] ?? '', name);
  };
  const evaluate = async (name: string, text: string, subject: string, more: Partial<EvaluateRequest> = {}) => {
    const { decisionId } = await client.evaluate({ text, subject, requestId: `request-canary-${name}`, ...more });
    ids.set(decisionId.split(':')[1] ?? '', name);
  };
  await check('small', chatBodyOf(TEXT));
  await check('large', chatBodyOf(LARGE));
  await check('clean', chatBodyOf('prompt-canary alone'), { principal: 'spiffe://canary/client' });
  await check('unread', Buffer.from([0xff, 0xfe, 0x00]), { contentType: 'application/x-unknown' });
  await evaluate('answer', TEXT, '', { direction: 'outbound' });
  await evaluate('quiet', TEXT, '', { endpoint: '/v1/quiet' });
  await evaluate('asserted', 'prompt-canary alone', PERSON);
  await evaluate('empty', '', '');
  await client.check(Buffer.from([0xff]));
  client.close();
  await sidecar.stop();
  const records = await readSealedLog(dataDir, keyringDir);
  const byName = new Map(records.map((record) => [ids.get(String(record.leaf['seq'])), record]));
  const files = await filesBelow(dataDir);
  const keys = await filesBelow(keyringDir);
  await rm(folder, { recursive: true });
  const of = (name: string) => byName.get(name) as SealedRecord & { readonly payload: Payload };
  return { records, of, files, keys, output: sidecar.output() };
}

const told = ({ payload }: SealedRecord) =>
  payload?.content?.spans.map((span) => ('text' in span ? span.text : '')).join('|') ?? '';
const commitmentsOf = ({ leaf }: SealedRecord) => leaf as unknown as Commitments;

for (const capture of CAPTURES) {
  test.serial(
    `what capture ${capture} keeps opens with the keyring, proves itself, and is nowhere in the open`,
    async (t) => {
      const { records, of, files, keys, output } = await recorded(capture);
      for (const record of records) {
        const { leaf, payload, envelope } = record;
        const commitments = FIELDS.map((field) => leaf[`c_${field}`] ?? '');
        t.is(
          payload !== undefined,
          commitments.some((commitment) => commitment !== ''),
          `leaf ${leaf['seq']}`,
        );
        t.is(envelope !== undefined, payload !== undefined);
        t.is(leaf['envelope'] ?? '', envelope ? createHash('sha256').update(envelope).digest('hex') : '');
        if (!payload) continue;
        for (const redaction of ['none', 'partial', 'full'] as const) {
          t.true(viewHolds(viewOf(payload, redaction), commitmentsOf(record)), `${leaf['seq']} ${redaction}`);
        }
        if (!payload.content) continue;
        const { field, findings, spans } = payload.content;
        const bytes = [Buffer.from(findings), ...spans.map((span) => ('hash' in span ? span : Buffer.from(span.text)))];
        t.is(leaf[`c_${field}`], commitmentByHand(field, bytes, payload.seed));
      }
      for (const name of ['small', 'large', 'answer']) {
        const kept = told(of(name));
        t.is(kept.includes('my card is'), capture !== 'none', `${name}: near`);
        t.is(kept.includes(CARD), capture === 'findings-verbatim' || capture === 'full', `${name}: match`);
        t.is(kept.includes('prompt-canary'), capture === 'full', `${name}: all`);
        t.regex(of(name).payload.content?.findings ?? '', /"pack":"pci".*"start":\d+/);
      }
      t.is(told(of('quiet')), '|||', 'its route keeps nothing');
      t.is(told(of('clean')).includes('prompt-canary alone'), capture === 'full');
      const all = Buffer.concat([...files.values()]);
      t.true(all.includes('policy_revision'), 'the search finds what is there');
      for (const canary of ['canary', CARD, 'my card is', 'nothing to see']) {
        t.false(all.includes(canary), canary);
        t.false(Buffer.concat([...keys.values()]).includes(canary), canary);
        t.false(output.includes(canary), canary);
      }
      t.is(/secrets and personal data/.test(output), capture === 'findings-verbatim' || capture === 'full');
      t.regex(output, /on the volume of the log/);
    },
  );
}

test.serial('records name their subject and who says so, and commit to what there was', async (t) => {
  const { records, of } = await recorded('findings');
  t.like(of('small').payload, { request_id: 'request-canary-small', subject: PERSON, subject_by: 'verified' });
  t.like(of('clean').payload, { subject: 'spiffe://canary/client', subject_by: 'verified' });
  t.like(of('asserted').payload, { subject: PERSON, subject_by: 'asserted' });
  t.like(of('answer').payload, { subject: '', subject_by: undefined });
  const tagOf = (name: string) => Buffer.from(of(name).holder?.tag ?? []).toString('hex');
  t.is(tagOf('small'), tagOf('large'), 'one person, one key');
  t.is(new Set(['small', 'clean', 'asserted', 'answer'].map(tagOf)).size, 4, 'who is asserted is somebody else');
  t.is(tagOf('answer'), '');
  t.like(of('answer').leaf, { c_req: '', c_subj: '' });
  t.regex(String(of('answer').leaf['c_resp']), /^[0-9a-f]{64}$/);
  t.is(of('unread').payload.content, undefined, 'no text was read');
  t.like(of('unread').leaf, { c_req: '', c_resp: '' });
  const malformed = records.find(({ leaf }) => String(leaf['gaps']).includes('message:malformed'));
  t.like(malformed?.leaf, { c_request_id: '', c_req: '', c_resp: '', c_subj: '' });
  t.is(malformed?.envelope, undefined);
});
