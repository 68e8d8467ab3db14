import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { parseVerifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import {
  formatAddCheckpoint,
  judgeAnswer,
  type WitnessAnswer,
  type WitnessWord,
} from '../../sidecar/audit/witness/add-checkpoint.js';
import { readAddCheckpoint } from '../../sidecar/witness/add-checkpoint.js';
import { createCosigner } from '../../sidecar/witness/cosigner.js';
import { VECTORS } from '../audit/vectors/vectors.js';

/** The request of C2SP tlog-witness. */
const PUBLISHED_NOTE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;
const PUBLISHED_PROOF = [
  'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=',
  'jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=',
  '5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=',
  '/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=',
];
const PUBLISHED_REQUEST = `old 20852014\n${PUBLISHED_PROOF.join('\n')}\n\n${PUBLISHED_NOTE}`;

test('the request that the specification shows is what is written, and what is read', (t) => {
  const proof = PUBLISHED_PROOF.map((line) => Buffer.from(line, 'base64'));
  const note = Buffer.from(PUBLISHED_NOTE);
  t.is(formatAddCheckpoint({ oldSize: 20_852_014, size: 20_852_163, proof, note }).toString('utf8'), PUBLISHED_REQUEST);
  t.deepEqual(readAddCheckpoint(Buffer.from(PUBLISHED_REQUEST)), {
    oldSize: 20_852_014,
    proof,
    origin: 'example.com/behind-the-sofa',
    note,
  });
});

test('what is written is read by the other side, whatever it is', (t) => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  const note = Buffer.from(PUBLISHED_NOTE);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), (oldSize, proof) => {
      const read = readAddCheckpoint(formatAddCheckpoint({ oldSize, size: oldSize, proof, note }));
      t.like(read, { oldSize, note });
      t.deepEqual(read?.proof, proof);
    }),
  );
});

test('no bytes make the reader throw', (t) => {
  const request = Buffer.from(PUBLISHED_REQUEST);
  fc.assert(
    fc.property(fc.nat(request.length - 1), fc.nat(255), fc.nat(request.length), (at, byte, cut) => {
      const changed = Buffer.from(request);
      changed[at] = byte;
      readAddCheckpoint(changed.subarray(0, cut));
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

interface NoteVector {
  readonly why: string;
  readonly note: string;
  readonly keys: readonly string[];
}

/** A checkpoint that `witness.example/w1` cosigned at 1700000000, made by OpenSSL. */
const vectors = JSON.parse(readFileSync(join(VECTORS, 'notes.json'), 'utf8')) as readonly NoteVector[];
const vector = vectors.find(({ why }) => why === 'signed by a witness only') as NoteVector;
const [text = '', line = ''] = vector.note.split('\n\n');
const key = parseVerifierKey(vector.keys[1] ?? '');
const logsOwn = (vectors.find(({ why }) => why === 'a cosignature of an unknown witness') as NoteVector).note
  .split('\n\n')[1]
  ?.split('\n')[0];
const note = Buffer.from(`${text}\n\n${logsOwn}\n`);
const otherTime = (vectors.find(({ why }) => why === 'two cosignatures of one witness') as NoteVector).note
  .split('\n')
  .at(-2);
const AT_MS = 1_700_000_000_000;
const ADDED = '\u2014 witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB\n';

/** What an answer means, in short. */
function judged(answer: Partial<WitnessAnswer> & { text?: string }, nowMs = AT_MS, oldSize = 3): string {
  const { text: body = '', ...rest } = answer;
  const question = { oldSize, size: 7, proof: [], note };
  const word: WitnessWord = judgeAnswer(
    { status: 200, contentType: '', body: Buffer.from(body), ...rest },
    question,
    key,
    nowMs,
  );
  if (word.kind === 'cosigned') return `cosigned ${word.signature.name}`;
  if (word.kind === 'stale') return `stale ${word.size}`;
  return word.retryAfterMs === undefined ? word.fault : `${word.fault} ${word.retryAfterMs}`;
}

const COSIGNED = 'cosigned witness.example/w1';
const MINUTE_MS = 60_000;

for (const [why, answer, nowMs, expected] of [
  ['a cosignature', line, AT_MS, COSIGNED],
  ['five minutes late', line, AT_MS + 5 * MINUTE_MS, COSIGNED],
  ['five minutes early', line, AT_MS - 5 * MINUTE_MS, COSIGNED],
  ['later than that', line, AT_MS + 5 * MINUTE_MS + 1, 'time'],
  ['earlier than that', line, AT_MS - 5 * MINUTE_MS - 1, 'time'],
  ['lines of others before it', `${ADDED}${line}`, AT_MS, COSIGNED],
  ['lines of others behind it', `${line}${ADDED}`, AT_MS, COSIGNED],
  ['nothing', '', AT_MS, 'signature'],
  ['lines of others only', ADDED, AT_MS, 'signature'],
  ['the same line twice', `${line}${line}`, AT_MS, 'signature'],
  ['two times', `${line}${otherTime}\n`, AT_MS, 'signature'],
  ['no newline at the end', line.slice(0, -1), AT_MS, 'signature'],
  ['an empty line before it', `\n${line}`, AT_MS, 'signature'],
  ['another note before it', `x\n\n${line}`, AT_MS, 'signature'],
  ['a changed signature', line.replace('FB8mCgAAAABlU/EAr', 'FB8mCgAAAABlU/EAs'), AT_MS, 'signature'],
  ['a changed time', line.replace('AAAABlU/EA', 'AAAABlU/EB'), AT_MS, 'signature'],
  ['a page', '<html>ok</html>', AT_MS, 'signature'],
  ['the log itself', `${logsOwn}\n`, AT_MS, 'signature'],
] as const) {
  test(`an answer with ${why} means: ${expected}`, (t) => {
    t.is(judged({ text: answer }, nowMs), expected);
  });
}

test('a cosignature of a text that only begins with our checkpoint is none', (t) => {
  const cosigner = createCosigner(generateKeyPairSync('ed25519').privateKey);
  const own = parseVerifierKey(cosigner.verifierKey);
  const question = { oldSize: 3, size: 7, proof: [], note };
  const word = (body: string) =>
    judgeAnswer({ status: 200, contentType: '', body: Buffer.from(body) }, question, own, 5e6);
  t.is(word(cosigner.cosign(Buffer.from(`${text}\n`), 5000)).kind, 'cosigned');
  const longer = cosigner.cosign(Buffer.from(`${text}\n\nmore\n`), 5000);
  t.like(word(`more\n\n${longer}`), { kind: 'fault', fault: 'signature' });
});

const SIZE = 'text/x.tlog.size';

for (const [why, answer, oldSize, expected] of [
  ['a smaller size', { contentType: SIZE, text: '2\n' }, 3, 'stale 2'],
  ['no size yet', { contentType: SIZE, text: '0\n' }, 3, 'stale 0'],
  ['the size that is offered', { contentType: SIZE, text: '7\n' }, 3, 'stale 7'],
  ['a parameter of the type', { contentType: `${SIZE}; charset=utf-8`, text: '7\n' }, 3, 'stale 7'],
  ['capitals in the type', { contentType: SIZE.toUpperCase(), text: '7\n' }, 3, 'stale 7'],
  ['a larger size', { contentType: SIZE, text: '8\n' }, 3, 'ahead'],
  ['the old size again', { contentType: SIZE, text: '3\n' }, 3, 'malformed'],
  ['no newline', { contentType: SIZE, text: '2' }, 3, 'malformed'],
  ['a leading zero', { contentType: SIZE, text: '02\n' }, 3, 'malformed'],
  ['more than can be counted', { contentType: SIZE, text: '9007199254740992\n' }, 3, 'malformed'],
  ['another type', { contentType: 'text/plain', text: '2\n' }, 3, 'malformed'],
  ['the offered size for the same size', { contentType: SIZE, text: '7\n' }, 7, 'forked'],
  ['a sentence for the same size', { contentType: 'text/plain', text: 'no\n' }, 7, 'forked'],
  ['another size for the same size', { contentType: SIZE, text: '6\n' }, 7, 'stale 6'],
] as const) {
  test(`a conflict with ${why} means: ${expected}`, (t) => {
    t.is(judged({ status: 409, ...answer }, AT_MS, oldSize), expected);
  });
}

for (const [status, expected] of [
  [400, 'rejected'],
  [403, 'unsigned'],
  [404, 'unknown_log'],
  [422, 'inconsistent'],
  [201, 'status'],
  [302, 'status'],
  [429, 'status'],
  [500, 'status'],
] as const) {
  test(`status ${status} means: ${expected}`, (t) => {
    t.is(judged({ status, text: line }), expected);
  });
}

test('a witness may ask to be left alone for a time', (t) => {
  t.is(judged({ status: 503, retryAfter: '120' }), 'status 120000');
  t.is(judged({ status: 503, retryAfter: 'soon' }), 'status');
  t.is(judged({ status: 422, retryAfter: '120' }), 'inconsistent');
});
