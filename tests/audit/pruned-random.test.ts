import test from 'ava';
import fc from 'fast-check';
import { streamedInclusionProof } from '../../sidecar/audit/tree/proofs.js';
import { recoverPeaks } from '../../sidecar/audit/tree/recover-edge.js';
import { isIncluded } from '../../sidecar/audit/verify/merkle.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { prunedExportOf, withPrune } from './pruned-logs.js';
import { verifyMany } from './python-verifier.js';
import {
  chained,
  checkpointOf,
  decisions,
  type ExportFiles,
  keyFile,
  keyLeaf,
  leafHashOf,
  OPEN,
  proofOf,
  signerOf,
  treeOf,
  verifyExport,
} from './signed-logs.js';
import { everyBit, unnoticedIn } from './tamper.js';

/** A log of which leaves were removed, with keys that were changed at these places. */
async function prunedLog(tiles: number, before: number, behind: number, keysAt: readonly number[]) {
  const places = [...new Set(keysAt)].sort((a, b) => a - b);
  const fields = [OPEN, ...decisions(tiles * 256 + before)].map((own, at) => {
    const epoch = places.indexOf(at) + 2;
    return epoch > 1 && at > 0 ? keyLeaf(epoch, signerOf(epoch - 1), signerOf(epoch)) : own;
  });
  const run = chained(fields);
  const log = await withPrune(run, tiles * 256, ...decisions(behind));
  const epoch = (JSON.parse(String(log.at(-1))) as { epoch: number }).epoch;
  const signers = Array.from({ length: epoch }, (_, at) => signerOf(epoch - at)) as [ReturnType<typeof signerOf>];
  return { log, signers, minSeq: tiles * 256, pruneSeq: run.length };
}

const someLog = fc
  .record({
    tiles: fc.integer({ min: 1, max: 3 }),
    before: fc.nat({ max: 90 }),
    behind: fc.nat({ max: 40 }),
    keysAt: fc.array(fc.integer({ min: 1, max: 800 }), { maxLength: 3 }),
  })
  .map(({ tiles, before, behind, keysAt }) =>
    prunedLog(
      tiles,
      before,
      behind,
      keysAt.map((at) => 1 + (at % (tiles * 256 + before))),
    ),
  );

interface Case {
  readonly files: ExportFiles;
  readonly given: { readonly anchor: Uint8Array; readonly key: Uint8Array };
}

/** An export with a proof, an anchor, and the oldest key pinned: what leads from it to the newest may be below the boundary. */
async function caseOf({ log, signers, minSeq, pruneSeq }: Awaited<ReturnType<typeof prunedLog>>): Promise<Case> {
  const index = minSeq + ((minSeq * 7 + log.length) % (log.length - minSeq));
  const anchored = log.slice(0, Math.max(minSeq, index));
  const { epoch } = JSON.parse(String(anchored.at(-1))) as { epoch: number };
  const proof = await proofOf(index, log, signers[0]);
  return {
    files: { ...prunedExportOf(log, minSeq, pruneSeq, ...signers), 'a.tlog-proof': proof },
    given: { anchor: checkpointOf(anchored, signerOf(epoch)), key: keyFile(signers.at(-1) as (typeof signers)[0]) },
  };
}

test('a log that begins at a boundary holds, by any key and kept checkpoint that leads to it', async (t) => {
  for (const made of fc.sample(someLog, { numRuns: 40 })) {
    const pruned = await made;
    const { files, given } = await caseOf(pruned);
    const { exit, report } = await verifyExport(files, given);
    t.is(exit, 0, JSON.stringify([report, pruned.minSeq, pruned.pruneSeq]));
    t.is(report?.entries, pruned.log.length - pruned.minSeq);
  }
});

needs(pythonAndOpenssl)('and so by the Python verifier', async (t) => {
  const logs = await Promise.all(fc.sample(someLog, { numRuns: 15 }));
  const reports = verifyMany(await Promise.all(logs.map(caseOf)));
  t.deepEqual(
    reports.filter(({ exit }) => exit !== 0),
    [],
  );
});

test('each leaf behind a boundary can be proven from the leaves that are left', async (t) => {
  for (const made of fc.sample(someLog, { numRuns: 20 })) {
    const { log, minSeq } = await made;
    const start = { size: minSeq, peaks: await recoverPeaks(treeOf(log.slice(0, minSeq)).reader, minSeq) };
    const tree = { size: log.length, root: treeOf(log).edge.root() };
    async function* kept() {
      for (const leaf of log.slice(minSeq)) yield Buffer.from(leafHashOf(leaf), 'hex');
    }
    for (const index of [minSeq, minSeq + 1, log.length - 1]) {
      const proof = await streamedInclusionProof(kept(), index, log.length, start);
      t.true(isIncluded({ hash: Buffer.from(leafHashOf(log[index] as Buffer), 'hex'), index }, tree, proof));
    }
    await t.throwsAsync(streamedInclusionProof(kept(), minSeq - 1, log.length, start), { message: /was removed/ });
  }
});

const { files: small } = await caseOf(await prunedLog(1, 3, 2, [100]));

test('every flipped bit of what shows where a log begins is noticed', async (t) => {
  t.deepEqual(await unnoticedIn(small, 'boundary.jsonl', everyBit), []);
});

needs(pythonAndOpenssl)('both verifiers find the same fault in changed logs that begin at a boundary', async (t) => {
  const change = fc
    .tuple(
      fc.constantFrom(...Object.keys(small), 'boundary.jsonl', 'boundary.jsonl'),
      fc.nat(),
      fc.constantFrom(0, 1, 40),
    )
    .map(([name, at, cut]) => {
      const file = Buffer.from(small[name] as Uint8Array);
      const place = at % file.length;
      if (cut > 0) return { ...small, [name]: Buffer.concat([file.subarray(0, place), file.subarray(place + cut)]) };
      file.writeUInt8(file.readUInt8(place) ^ (1 << (at % 8)), place);
      return { ...small, [name]: file };
    });
  const cases = fc.sample(change, { numRuns: 150 }).map((files) => ({ files }));
  const reports = verifyMany(cases);
  for (const [at, { files }] of cases.entries()) {
    const { exit, report } = await verifyExport(files);
    const theirs = reports[at];
    t.is(theirs?.exit, exit, JSON.stringify([theirs, report]));
    if (exit === 4) continue;
    const told = [theirs?.entries, theirs?.fault?.seq, theirs?.fault?.rule];
    t.deepEqual(told, [report?.entries, report?.fault?.seq, report?.fault?.rule], JSON.stringify([theirs, report]));
  }
});
