import { createPrivateKey } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { formatCheckpoint, openCheckpoint, originOf } from '../../../sidecar/audit/notes/checkpoint.js';
import { formatNote, parseNote } from '../../../sidecar/audit/notes/note.js';
import { createNoteSigner } from '../../../sidecar/audit/notes/note-signer.js';
import { openNote } from '../../../sidecar/audit/notes/open-note.js';
import { formatTlogProof, parseTlogProof } from '../../../sidecar/audit/notes/tlog-proof.js';
import { formatVerifierKey, parseVerifierKey, verifierKey } from '../../../sidecar/audit/notes/verifier-key.js';
import { checkCheckpoint, checkProofFile } from '../../../sidecar/audit/verify/checkpoints.js';
import { checkNote, type NoteKey, readNoteKey } from '../../../sidecar/audit/verify/signed-note.js';
import { type KeyCase, type NoteCase, noteBytes, type ProofFileCase, readVectors } from '../vectors/vectors.js';

const noteCases = readVectors<NoteCase[]>('notes.json');
const keyCases = readVectors<KeyCase[]>('keys.json');
const proofFileCases = readVectors<ProofFileCase[]>('proof-files.json');

const REFUSED = { code: 'JIMINI_INVALID_ARGUMENT' };
const LOG_ID = 'abcdefghijklmnopqrstuvwxyz';
/** The key of the log in the vectors: its seed is 32 times the byte 1. */
const signer = createNoteSigner(originOf(LOG_ID), privateKey(1));

function privateKey(seed: number) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function noteKeys(texts: readonly string[]): NoteKey[] {
  return texts.map((text) => {
    const key = readNoteKey(text);
    if ('why' in key) throw new Error(key.why);
    return key;
  });
}

test('the writer opens the notes that hold, and refuses all others', (t) => {
  for (const entry of noteCases) {
    const { bytes, full } = noteBytes(entry);
    const keys = entry.keys.map(parseVerifierKey);
    if (!entry.holds) {
      t.throws(() => openNote(bytes, keys), REFUSED, entry.why);
      continue;
    }
    const opened = openNote(bytes, keys);
    t.is(opened.text.toString(), full(entry.text ?? ''), entry.why);
    t.deepEqual(
      opened.signatures.map(({ key, timestampS }) => [formatVerifierKey(key), timestampS?.toString()]),
      entry.signers?.map(({ key, timestampS }) => [key, timestampS]),
      entry.why,
    );
    t.is(opened.unknown + opened.signatures.length, parseNote(bytes).signatures.length);
    t.deepEqual(formatNote(parseNote(bytes)), bytes, entry.why);
  }
});

test('the verifier accepts the notes that hold, and no others', (t) => {
  for (const entry of noteCases) {
    const { bytes, full } = noteBytes(entry);
    const checked = checkNote(bytes, noteKeys(entry.keys));
    if ('why' in checked) {
      t.false(entry.holds, `${entry.why}: ${checked.why}`);
      continue;
    }
    t.true(entry.holds, entry.why);
    t.is(checked.text, full(entry.text ?? ''), entry.why);
    t.deepEqual(
      checked.signers.map(({ key, timestampS }) => [`${key.name}+${key.id}`, timestampS?.toString()]),
      entry.signers?.map(({ key, timestampS }) => [
        key.replace(/\+[^+]{8}\+.*$/, (all) => all.slice(0, 9)),
        timestampS,
      ]),
      entry.why,
    );
  }
});

test('writer and verifier take the same notes for checkpoints, and read the same in them', (t) => {
  for (const entry of noteCases) {
    const { bytes, full } = noteBytes(entry);
    const checked = checkCheckpoint(bytes, noteKeys(entry.keys));
    const open = () => openCheckpoint(bytes, entry.keys.map(parseVerifierKey));
    if (!entry.checkpoint) {
      t.throws(open, REFUSED, entry.why);
      t.true('why' in checked, entry.why);
      continue;
    }
    const { origin, size, root, extensions } = entry.checkpoint;
    const opened = open();
    t.deepEqual(
      { ...opened, root: Buffer.from(opened.root).toString('hex'), note: undefined },
      { origin, size, root, extensions: extensions.map(full), note: undefined },
    );
    t.is(formatCheckpoint(opened), full(entry.text ?? ''));
    if ('why' in checked) t.fail(`${entry.why}: ${checked.why}`);
    else t.deepEqual([checked.origin, checked.size, checked.root.toString('hex')], [origin, size, root], entry.why);
  }
});

test('writer and verifier read the same keys', (t) => {
  for (const { why, key, holds } of keyCases) {
    t.is('why' in readNoteKey(key), !holds, why);
    if (holds) t.is(formatVerifierKey(parseVerifierKey(key)), key, why);
    else t.throws(() => parseVerifierKey(key), REFUSED, why);
  }
});

test('a proof file is accepted when it leads from its leaf to a root that the log signed', (t) => {
  for (const { why, file, leafHash, keys, holds, index, size } of proofFileCases) {
    const checked = checkProofFile(Buffer.from(file), Buffer.from(leafHash, 'hex'), noteKeys(keys));
    if ('why' in checked) t.false(holds, `${why}: ${checked.why}`);
    else t.deepEqual([holds, checked.index, checked.checkpoint.size], [true, index, size], why);
  }
});

test('a proof file that holds is written again as it was', (t) => {
  for (const { why, file, extra } of proofFileCases.filter(({ holds }) => holds)) {
    const proof = parseTlogProof(Buffer.from(file));
    t.is(Buffer.from(proof.extra ?? []).toString('hex'), extra ?? '', why);
    t.is(formatTlogProof(proof).toString(), file, why);
  }
});

test('a proof file that has not the form of one is refused by the writer too', (t) => {
  for (const { why, file, hasForm } of proofFileCases) {
    if (hasForm) t.notThrows(() => parseTlogProof(Buffer.from(file)), why);
    else t.throws(() => parseTlogProof(Buffer.from(file)), REFUSED, why);
  }
});

test('the signer makes the signature that openssl makes', (t) => {
  const entry = noteCases.find(({ why }) => why === 'a checkpoint') as NoteCase;
  const text = Buffer.from(entry.text ?? '');
  t.is(formatNote({ text, signatures: [signer.sign(text)] }).toString(), entry.note ?? '');
  t.deepEqual([formatVerifierKey(signer.key)], entry.keys);
});

test('every changed bit of a signed checkpoint is noticed by writer and verifier', (t) => {
  const text = Buffer.from(
    formatCheckpoint({ origin: originOf(LOG_ID), size: 7, root: Buffer.alloc(32, 9), extensions: [] }),
  );
  const note = formatNote({ text, signatures: [signer.sign(text)] });
  const keys = [formatVerifierKey(signer.key)];
  t.false('why' in checkCheckpoint(note, noteKeys(keys)));
  for (let bit = 0; bit < note.length * 8; bit += 1) {
    const changed = Buffer.from(note);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    if (!('why' in checkCheckpoint(changed, noteKeys(keys)))) t.fail(`verifier, bit ${bit}`);
    t.throws(() => openCheckpoint(changed, [signer.key]), REFUSED, `bit ${bit}`);
  }
});

test('writer and verifier say the same of any bytes, and neither throws anything else', (t) => {
  const text = Buffer.from(
    formatCheckpoint({ origin: originOf(LOG_ID), size: 7, root: Buffer.alloc(32, 9), extensions: [] }),
  );
  const note = formatNote({ text, signatures: [signer.sign(text)] });
  const keys = noteKeys([formatVerifierKey(signer.key)]);
  const piece = fc.oneof(
    fc.constantFrom('\n', '\n\n', '\u2014 ', ' ', 'a', '+', '=', '\r', '\u00a0', note.toString(), text.toString()),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.uint8Array({ maxLength: 64 }).map((raw) => Buffer.from(raw)),
    fc
      .tuple(fc.nat({ max: note.length }), fc.nat({ max: 8 }), fc.uint8Array({ maxLength: 8 }))
      .map(([at, cut, put]) => Buffer.concat([note.subarray(0, at), put, note.subarray(at + cut)])),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      const checked = checkNote(input, keys);
      try {
        const opened = openNote(input, [signer.key]);
        t.is('why' in checked ? checked.why : checked.text, opened.text.toString());
      } catch (error) {
        t.is((error as { code?: unknown }).code, REFUSED.code);
        t.true('why' in checked);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what no note, key or proof could say is not written either', (t) => {
  const text = Buffer.from('text\n');
  t.throws(() => formatNote({ text: Buffer.from('text'), signatures: [signer.sign(text)] }), REFUSED);
  t.throws(() => formatNote({ text, signatures: [] }), REFUSED);
  t.throws(() => formatNote({ text, signatures: [signer.sign(text), signer.sign(text)] }), REFUSED);
  t.throws(() => formatNote({ text: Buffer.from('a\r\n'), signatures: [signer.sign(text)] }), REFUSED);
  t.throws(() => verifierKey('a name', 1, Buffer.alloc(32)), REFUSED);
  t.throws(() => createNoteSigner('', privateKey(1)), REFUSED);
});
