import { formatCheckpoint, parseCheckpoint } from '../../sidecar/audit/notes/checkpoint.js';
import { formatNote, parseNote } from '../../sidecar/audit/notes/note.js';
import { formatTlogProof, parseTlogProof } from '../../sidecar/audit/notes/tlog-proof.js';
import {
  asLines,
  CLOSE,
  chained,
  checkpointOf,
  DECISION,
  type ExportFiles,
  exportOf,
  type Given,
  keyFile,
  keyLeaf,
  OPEN,
  plainLog,
  proofOf,
  signerOf,
} from './signed-logs.js';

/** What somebody did to a log, or did not, and what both verifiers must say of it. */
export interface Attack {
  readonly what: string;
  readonly files: ExportFiles;
  readonly given?: Given;
  readonly exit: 0 | 1 | 2 | 3 | 4;
  /** The rule that is broken. */
  readonly rule?: string;
}

const [signer, next, stranger] = [signerOf(1), signerOf(3), signerOf(9)];
const otherLog = signerOf(1, 'zyxwvutsrqponmlkjihgfedcba');
const log = plainLog(40);
const clean = exportOf(log, signer);
const key = keyFile(signer);

/** The log with a change at one place, and all hashes behind it made right: what an insider without the key can do. */
function insider(at: number, change: (leaf: string) => string): Buffer[] {
  const fields = log.map((leaf, seq) => JSON.parse(seq === at ? change(String(leaf)) : String(leaf)));
  return chained(fields.map(({ prev: _, seq: __, ...own }) => own));
}

const decided = (route: string) => ({ ...DECISION, route });
const others = (count: number, before: readonly Buffer[]) =>
  chained(
    Array.from({ length: count }, (_, at) => decided(`other-${at}`)),
    before,
  );

/** The log as it goes on under another key. */
function rotated(isSignedByOld: boolean): Buffer[] {
  const what = isSignedByOld ? 'rotate' : 'gap';
  return chained([keyLeaf(2, signer, next, { what, isSignedByOld }), decided('new'), CLOSE], log);
}

const lines = (leaves: readonly Buffer[]) => ({ ...clean, 'entries.jsonl': asLines(leaves) });
const at = (size: number, by = signer) => checkpointOf(log.slice(0, size), by);

/** All cases. Nothing in it depends on time or chance. */
export async function catalogue(): Promise<readonly Attack[]> {
  return [
    ...untouched(),
    ...onLeaves(),
    ...onTheEnd(),
    ...onKeys(),
    ...onCheckpoints(),
    ...(await onProofs()),
    ...badInput(),
  ];
}

function untouched(): Attack[] {
  const note = parseNote(at(40));
  const cosigned = formatNote({ ...note, signatures: [...note.signatures, stranger.sign(note.text)] });
  return [
    { what: 'nothing', files: clean, exit: 0 },
    { what: 'nothing, signer pinned', files: clean, given: { key }, exit: 0 },
    { what: 'nothing, older checkpoint kept', files: clean, given: { anchor: at(17), key }, exit: 0 },
    { what: 'nothing, newest checkpoint kept', files: clean, given: { anchor: at(40) }, exit: 0 },
    { what: 'nothing, checkpoint of the empty log kept', files: clean, given: { anchor: at(0) }, exit: 0 },
    { what: 'a signature by nobody known added', files: { ...clean, checkpoint: cosigned }, exit: 0 },
    { what: 'a log of one leaf', files: exportOf(log.slice(0, 1), signer), exit: 0 },
    { what: 'an unclean end', files: exportOf(log.slice(0, 39), signer), exit: 0 },
  ];
}

function onLeaves(): Attack[] {
  const [a, b] = [log[20] as Buffer, log[21] as Buffer];
  return [
    { what: 'a leaf deleted', files: lines(log.toSpliced(20, 1)), exit: 1, rule: 'seq' },
    { what: 'the first leaf deleted', files: lines(log.slice(1)), exit: 1, rule: 'seq' },
    { what: 'a leaf doubled', files: lines(log.toSpliced(20, 0, a)), exit: 1, rule: 'seq' },
    { what: 'two leaves swapped', files: lines(log.with(20, b).with(21, a)), exit: 1, rule: 'seq' },
    { what: 'the order reversed', files: lines(log.toReversed()), exit: 1, rule: 'seq' },
    { what: 'a leaf inserted', files: lines(others(1, log.slice(0, 20)).concat(log.slice(20))), exit: 1, rule: 'seq' },
    {
      what: 'a leaf replaced',
      files: lines(log.with(20, Buffer.from(String(a).replace('"raw":"BLOCK"', '"raw":"ALLOW"')))),
      exit: 1,
      rule: 'prev',
    },
    {
      what: 'the last leaf replaced',
      files: lines(log.with(39, Buffer.from(String(log[39]).replace('shutdown', 'error')))),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a leaf replaced, and the chain made right',
      files: lines(insider(20, (leaf) => leaf.replace('"raw":"BLOCK"', '"raw":"ALLOW"'))),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a leaf deleted, and the chain made right',
      files: lines(chained(log.toSpliced(20, 1).map((leaf) => withoutPlace(leaf)))),
      exit: 2,
      rule: 'checkpoint',
    },
    {
      what: 'a leaf inserted, and the chain made right',
      files: lines(chained(log.toSpliced(20, 0, a).map((leaf) => withoutPlace(leaf)))),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a log that begins in another epoch',
      files: exportOf(chained([{ ...OPEN, epoch: 2 }]), signer),
      exit: 1,
      rule: 'epoch',
    },
    { what: 'a leaf of another log', files: lines(log.with(20, ofAnotherLog(a))), exit: 1, rule: 'log_id' },
    { what: 'the clock set back', files: exportOf(chained([{ time_ms: 5, ...decided('x') }], log), signer), exit: 0 },
  ];
}

function withoutPlace(leaf: Buffer) {
  const { prev: _, seq: __, ...own } = JSON.parse(String(leaf));
  return own;
}

function ofAnotherLog(leaf: Buffer): Buffer {
  return Buffer.from(String(leaf).replace(/"log_id":"[^"]*"/, `"log_id":"${'a'.repeat(26)}"`));
}

function onTheEnd(): Attack[] {
  const half = log.slice(0, 20);
  const resumed = others(20, half);
  const beyond = others(40, half);
  return [
    { what: 'the end cut off', files: lines(half), exit: 2, rule: 'checkpoint' },
    { what: 'one leaf cut off', files: lines(log.slice(0, 39)), exit: 2, rule: 'checkpoint' },
    { what: 'all leaves cut off', files: lines([]), exit: 2, rule: 'checkpoint' },
    { what: 'the end cut off, then gone on to the same size', files: lines(resumed), exit: 1, rule: 'checkpoint' },
    { what: 'the end cut off, then gone on', files: lines(beyond), exit: 1, rule: 'checkpoint' },
    { what: "last week's disk restored", files: exportOf(half, signer), exit: 0 },
    {
      what: "last week's disk restored, anchor",
      files: exportOf(half, signer),
      given: { anchor: at(40) },
      exit: 2,
      rule: 'anchor',
    },
    {
      what: "last week's disk restored, anchor of before",
      files: exportOf(half, signer),
      given: { anchor: at(20) },
      exit: 0,
    },
    {
      what: "last week's disk restored, gone on and signed, anchor",
      files: exportOf(beyond, signer),
      given: { anchor: at(40) },
      exit: 1,
      rule: 'anchor',
    },
    {
      what: 'a fork, anchor of the other branch',
      files: exportOf(resumed, signer),
      given: { anchor: at(40), key },
      exit: 1,
      rule: 'anchor',
    },
    {
      what: 'a fork, anchor of where they part',
      files: exportOf(resumed, signer),
      given: { anchor: at(20), key },
      exit: 0,
    },
    { what: 'leaves after the checkpoint', files: { ...clean, checkpoint: at(33) }, exit: 3, rule: 'checkpoint' },
    { what: 'no checkpoint', files: { 'entries.jsonl': asLines(log), 'key.pub': key }, exit: 3, rule: 'checkpoint' },
    { what: 'no checkpoint, no keys', files: { 'entries.jsonl': asLines(log) }, exit: 3, rule: 'checkpoint' },
    {
      what: 'no checkpoint, anchor of all',
      files: { 'entries.jsonl': asLines(log), 'key.pub': key },
      given: { anchor: at(40) },
      exit: 0,
    },
    {
      what: 'no checkpoint, anchor of some',
      files: { 'entries.jsonl': asLines(log), 'key.pub': key },
      given: { anchor: at(39) },
      exit: 3,
      rule: 'checkpoint',
    },
  ];
}

function onKeys(): Attack[] {
  const anew = exportOf(log, stranger);
  const [rotation, takeover] = [rotated(true), rotated(false)];
  const early = { ...exportOf(rotation, next, signer), checkpoint: checkpointOf(log, next) };
  const late = { ...exportOf(rotation, next, signer), checkpoint: checkpointOf(rotation, signer) };
  const wrongOld = chained([keyLeaf(2, stranger, next), CLOSE], log);
  const twice = chained([keyLeaf(3, next, signerOf(6)), CLOSE], rotation);
  const wrongChain = chained([keyLeaf(3, stranger, signerOf(6)), CLOSE], rotation);
  return [
    { what: 'signed again with another key', files: anew, exit: 0 },
    { what: 'signed again with another key, signer pinned', files: anew, given: { key }, exit: 1, rule: 'signer' },
    { what: 'signed again with another key, anchor', files: anew, given: { anchor: at(17) }, exit: 1, rule: 'signer' },
    { what: 'another key beside the log', files: { ...clean, 'key.pub': keyFile(stranger) }, exit: 1, rule: 'signer' },
    {
      what: 'the key of another log beside the log',
      files: { ...clean, 'key.pub': keyFile(otherLog) },
      exit: 1,
      rule: 'signer',
    },
    { what: 'the key of another log pinned', files: clean, given: { key: keyFile(otherLog) }, exit: 1, rule: 'signer' },
    {
      what: 'as many keys pinned as there may be',
      files: clean,
      given: { key: keyFile(...Array<typeof signer>(511).fill(stranger), signer) },
      exit: 0,
    },
    {
      what: 'too many keys pinned',
      files: clean,
      given: { key: keyFile(...Array<typeof signer>(513).fill(signer)) },
      exit: 4,
    },
    { what: 'several keys pinned', files: clean, given: { key: keyFile(stranger, otherLog, signer) }, exit: 0 },
    { what: 'a key changed in order', files: exportOf(rotation, next, signer), exit: 0 },
    {
      what: 'a key changed in order, old one pinned',
      files: exportOf(rotation, next, signer),
      given: { key },
      exit: 0,
    },
    {
      what: 'a key changed in order, new one pinned',
      files: exportOf(rotation, next, signer),
      given: { key: keyFile(next) },
      exit: 0,
    },
    {
      what: 'a key changed in order, new one pinned, anchor by the old one',
      files: exportOf(rotation, next, signer),
      given: { key: keyFile(next), anchor: at(17) },
      exit: 0,
    },
    {
      what: 'keys changed twice, first one pinned',
      files: exportOf(twice, signerOf(6), next, signer),
      given: { key },
      exit: 0,
    },
    {
      what: 'keys changed twice, last one pinned, anchor by the first',
      files: exportOf(twice, signerOf(6)),
      given: { anchor: at(5) },
      exit: 0,
    },
    { what: 'a key that the old one did not sign', files: exportOf(takeover, next, signer), exit: 0 },
    {
      what: 'a key that the old one did not sign, old one pinned',
      files: exportOf(takeover, next, signer),
      given: { key },
      exit: 1,
      rule: 'signer',
    },
    {
      what: 'a key that the old one did not sign, both pinned',
      files: exportOf(takeover, next, signer),
      given: { key: keyFile(signer, next) },
      exit: 0,
    },
    { what: 'signed by a key before it was in force', files: early, exit: 1, rule: 'signer' },
    { what: 'signed by a key after it was in force', files: late, exit: 1, rule: 'signer' },
    {
      what: 'signed by a key after it was in force, that one pinned',
      files: late,
      given: { key },
      exit: 1,
      rule: 'signer',
    },
    {
      what: 'a key leaf with an old key that was not in force',
      files: exportOf(wrongOld, next, signer),
      given: { anchor: at(17) },
      exit: 1,
      rule: 'signer',
    },
    {
      what: 'a second key leaf with an old key that was not in force',
      files: exportOf(wrongChain, signerOf(6)),
      exit: 1,
      rule: 'signer',
    },
    {
      what: 'the key leaf cut off',
      files: { ...exportOf(rotation, next, signer), 'entries.jsonl': asLines(log) },
      exit: 2,
      rule: 'checkpoint',
    },
  ];
}

function onCheckpoints(): Attack[] {
  const note = parseNote(at(40));
  const { origin, root } = parseCheckpoint(String(note.text));
  const forged = (size: number) => {
    const text = Buffer.from(formatCheckpoint({ origin, size, root, extensions: [] }));
    return formatNote({ text, signatures: note.signatures });
  };
  const checkpoint = (bytes: Uint8Array | string) => ({ ...clean, checkpoint: Buffer.from(bytes) });
  const ofOther = checkpointOf(log, otherLog);
  const both = { ...clean, checkpoint: ofOther, 'key.pub': keyFile(signer, otherLog) };
  return [
    { what: 'another size in the checkpoint', files: checkpoint(forged(39)), exit: 1, rule: 'checkpoint' },
    { what: 'a larger size in the checkpoint', files: checkpoint(forged(41)), exit: 1, rule: 'checkpoint' },
    { what: 'a checkpoint of nobody, of more leaves', files: checkpoint(at(40, stranger)), exit: 1, rule: 'signer' },
    { what: 'the checkpoint of another log', files: both, exit: 1, rule: 'checkpoint' },
    {
      what: 'the checkpoint of another log, of more leaves',
      files: { ...both, 'entries.jsonl': asLines(log.slice(0, 9)) },
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a checkpoint of other leaves',
      files: checkpoint(checkpointOf(log.toReversed(), signer)),
      exit: 1,
      rule: 'checkpoint',
    },
    { what: 'a checkpoint that is none', files: checkpoint('nothing'), exit: 1, rule: 'checkpoint' },
    { what: 'an empty checkpoint', files: checkpoint(''), exit: 1, rule: 'checkpoint' },
    {
      what: 'a signed note that is no checkpoint',
      files: checkpoint(signedText('hello\n')),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a checkpoint of no leaves with another root',
      files: checkpoint(checkpointOf(log, signer, 0)),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'an anchor of other leaves',
      files: clean,
      given: { anchor: checkpointOf(log.toReversed(), signer) },
      exit: 1,
      rule: 'anchor',
    },
    { what: 'an anchor by nobody', files: clean, given: { anchor: at(17, stranger) }, exit: 1, rule: 'signer' },
    { what: 'an anchor of another log', files: both, given: { anchor: ofOther }, exit: 1, rule: 'anchor' },
  ];
}

function signedText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return formatNote({ text: bytes, signatures: [signer.sign(bytes)] });
}

async function onProofs(): Promise<Attack[]> {
  const proof = await proofOf(7, log, signer);
  const moved = (index: number) => formatTlogProof({ ...parseTlogProof(proof), index });
  const withProof = (bytes: Uint8Array | string) => ({ ...clean, 'leaf.tlog-proof': Buffer.from(bytes) });
  const early = await proofOf(7, log.slice(0, 12), signer);
  const unsigned = { 'entries.jsonl': asLines(log.slice(0, 12)), 'key.pub': key, 'a.tlog-proof': early };
  return [
    { what: 'a proof', files: withProof(proof), exit: 0 },
    { what: 'two proofs', files: { ...withProof(proof), 'b.tlog-proof': early }, given: { key }, exit: 0 },
    { what: 'a proof whose checkpoint covers all', files: unsigned, exit: 0 },
    { what: 'the place in a proof changed', files: withProof(moved(8)), exit: 1, rule: 'proof' },
    { what: 'a place behind the end', files: withProof(moved(40)), exit: 1, rule: 'proof' },
    {
      what: 'a proof of a larger tree',
      files: withProof(await proofOf(50, plainLog(60), signer)),
      exit: 2,
      rule: 'proof',
    },
    {
      what: 'a proof of a leaf in a larger tree',
      files: withProof(await proofOf(7, plainLog(60), signer)),
      exit: 2,
      rule: 'proof',
    },
    {
      what: 'a proof of other leaves',
      files: withProof(await proofOf(7, log.toReversed(), signer)),
      exit: 1,
      rule: 'proof',
    },
    { what: 'a proof by nobody', files: withProof(await proofOf(7, log, stranger)), exit: 1, rule: 'signer' },
    { what: 'a proof that is none', files: withProof('nothing'), exit: 1, rule: 'proof' },
  ];
}

function badInput(): Attack[] {
  const files = { 'entries.jsonl': Buffer.alloc(0) };
  const preview = chained([{ ...OPEN, v: 0, epoch: 0 }]);
  const unsigned = { 'entries.jsonl': asLines(log) };
  return [
    { what: 'no leaves', files, exit: 4 },
    { what: 'no leaves, checkpoint of no leaves', files: { ...files, checkpoint: at(0), 'key.pub': key }, exit: 4 },
    { what: 'a log of format v0', files: { 'entries.jsonl': asLines(preview) }, exit: 4 },
    { what: 'a log of format v0 with a checkpoint', files: { ...clean, 'entries.jsonl': asLines(preview) }, exit: 4 },
    {
      what: 'a leaf that says v0 and nothing else',
      files: lines(chained([{ ...OPEN, v: 0 }])),
      exit: 1,
      rule: 'version',
    },
    { what: 'a checkpoint without any key', files: { ...unsigned, checkpoint: at(40) }, exit: 4 },
    { what: 'an anchor without any key', files: unsigned, given: { anchor: at(40) }, exit: 4 },
    { what: 'keys that are none', files: clean, given: { key: Buffer.from('nothing') }, exit: 4 },
    { what: 'keys without the last newline', files: clean, given: { key: key.subarray(0, -1) }, exit: 4 },
    { what: 'no keys in a file of keys', files: clean, given: { key: Buffer.from('') }, exit: 4 },
    { what: 'an anchor that is none', files: clean, given: { anchor: Buffer.from('nothing') }, exit: 4 },
    { what: 'an anchor that is a signed note only', files: clean, given: { anchor: signedText('a\nb\nc\n') }, exit: 4 },
  ];
}
