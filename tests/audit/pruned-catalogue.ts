import type { Attack } from './catalogue.js';
import { boundaryOf, prunedExportOf, pruneFields, withPrune } from './pruned-logs.js';
import {
  asLines,
  CLOSE,
  chained,
  checkpointOf,
  DECISION,
  decisions,
  type ExportFiles,
  keyFile,
  keyLeaf,
  OPEN,
  proofOf,
  signerOf,
} from './signed-logs.js';

const [first, second, third, stranger] = [signerOf(1), signerOf(3), signerOf(6), signerOf(9)];
const MIN_SEQ = 768;
const PRUNE_SEQ = 800;

/** Three keys, two of them from below the boundary; an older boundary at 256, whose leaf is gone. */
async function wholeLog(): Promise<Buffer[]> {
  const run = chained([OPEN, ...decisions(99), keyLeaf(2, first, second), ...decisions(250)]);
  const older = await withPrune(run, 256, ...decisions(250), keyLeaf(3, second, third, { isSignedByOld: false }));
  const before = chained(decisions(PRUNE_SEQ - older.length), older);
  return withPrune(before, MIN_SEQ, ...decisions(300), CLOSE);
}

const log = await wholeLog();
const clean = prunedExportOf(log, MIN_SEQ, PRUNE_SEQ, third, second, first);
const kept = log.slice(MIN_SEQ);
const boundaryLines = boundaryOf(log, MIN_SEQ, PRUNE_SEQ).toString().trimEnd().split('\n');
const [pruneLine = '', oldKeyLine = '', newKeyLine = ''] = boundaryLines;

const withBoundary = (...lines: string[]): ExportFiles => ({ ...clean, 'boundary.jsonl': asLines(lines) });
const entries = (leaves: readonly Buffer[]): ExportFiles => ({ ...clean, 'entries.jsonl': asLines(leaves) });

/** The log with another leaf in the place of its `prune` leaf, signed by who could: its own key. */
async function lying(change: Record<string, unknown>): Promise<ExportFiles> {
  const before = log.slice(0, PRUNE_SEQ);
  const fields = { ...(await pruneFields(before, MIN_SEQ)), ...(change as object) };
  const leaves = chained([fields, ...decisions(20), CLOSE], before);
  return prunedExportOf(leaves, MIN_SEQ, PRUNE_SEQ, third, second, first);
}

/** A log whose first leaf behind the boundary names the one before it as nobody does. */
async function oddlyChained(): Promise<ExportFiles> {
  const before = chained([{ ...DECISION, prev: ['a'.repeat(64)] }, ...decisions(20)], log.slice(0, MIN_SEQ));
  return prunedExportOf(await withPrune(before, MIN_SEQ, CLOSE), MIN_SEQ, before.length, third, second, first);
}

/** All cases. */
export async function prunedCatalogue(): Promise<readonly Attack[]> {
  const { 'boundary.jsonl': _, ...unexplained } = clean;
  const newest = { anchor: checkpointOf(log, third) };
  const middle = log.toSpliced(PRUNE_SEQ + 5, 1);
  return [
    { what: 'leaves removed', files: clean, exit: 0 },
    { what: 'leaves removed, newest checkpoint kept', files: clean, given: newest, exit: 0 },
    { what: 'a checkpoint kept of what was removed', files: clean, given: { anchor: at(MIN_SEQ) }, exit: 0 },
    { what: 'a checkpoint kept from before that', files: clean, given: { anchor: at(MIN_SEQ - 1) }, exit: 4 },
    { what: 'the newest key pinned', files: clean, given: { key: keyFile(third) }, exit: 0 },
    // The second key did not sign the third: whoever knows only the others refuses it, whether leaves were removed or not.
    {
      what: 'a key pinned that did not hand over',
      files: clean,
      given: { key: keyFile(second) },
      exit: 1,
      rule: 'signer',
    },
    { what: 'another key pinned', files: clean, given: { key: keyFile(stranger) }, exit: 1, rule: 'signer' },
    { what: 'a proof of a leaf that is kept', files: await withProof(MIN_SEQ), exit: 0 },
    { what: 'a proof of the last leaf', files: await withProof(log.length - 1), exit: 0 },
    { what: 'a proof of a leaf that was removed', files: await withProof(MIN_SEQ - 1), exit: 4 },

    { what: 'leaves removed that no leaf says so of', files: unexplained, exit: 1, rule: 'seq' },
    { what: 'one leaf more removed', files: entries(kept.slice(1)), exit: 1, rule: 'seq' },
    { what: 'a tile more removed', files: entries(log.slice(MIN_SEQ + 256)), exit: 1, rule: 'seq' },
    { what: 'one leaf fewer removed', files: entries(log.slice(MIN_SEQ - 1)), exit: 1, rule: 'seq' },
    { what: 'a leaf behind the boundary removed', files: entries(middle.slice(MIN_SEQ)), exit: 1, rule: 'seq' },
    { what: 'a first leaf whose prev is a list', files: await oddlyChained(), exit: 1, rule: 'prev' },
    { what: 'the end cut off with the prune leaf', files: entries(kept.slice(0, 5)), exit: 2, rule: 'checkpoint' },
    { what: 'everything removed', files: entries([]), exit: 2, rule: 'checkpoint' },
    {
      what: 'a checkpoint from before the prune leaf',
      files: { ...clean, checkpoint: at(PRUNE_SEQ) },
      exit: 1,
      rule: 'boundary',
    },
    { what: 'no checkpoint', files: without('checkpoint'), exit: 1, rule: 'boundary' },
    {
      what: 'an older prune leaf',
      files: { ...clean, 'boundary.jsonl': boundaryOf(log, 256, 351) },
      exit: 1,
      rule: 'seq',
    },
    { what: 'a prune leaf that is none', files: withBoundary(String(kept[0])), exit: 1, rule: 'boundary' },
    { what: 'no prune leaf', files: withBoundary(), exit: 1, rule: 'boundary' },
    { what: 'an empty line', files: withBoundary(...boundaryLines, ''), exit: 1, rule: 'boundary' },
    {
      what: 'a prune leaf changed',
      files: withBoundary(pruneLine.replace('"seq":800', '"seq":801'), oldKeyLine, newKeyLine),
      exit: 1,
      rule: 'boundary',
    },
    { what: 'other peaks', files: withBoundary(otherPeaks(), oldKeyLine, newKeyLine), exit: 1, rule: 'boundary' },
    { what: 'a key leaf left out', files: withBoundary(pruneLine, oldKeyLine), exit: 1, rule: 'boundary' },
    { what: 'key leaves swapped', files: withBoundary(pruneLine, newKeyLine, oldKeyLine), exit: 1, rule: 'boundary' },
    { what: 'another boundary', files: await lying({ min_seq: 256 }), exit: 1, rule: 'boundary' },
    {
      what: 'a prune leaf with other peaks',
      files: await lying({ peaks: ['a'.repeat(64), 'b'.repeat(64)] }),
      exit: 1,
      rule: 'checkpoint',
    },
    {
      what: 'a prune leaf with other key leaves',
      files: await lying({ key_root: 'a'.repeat(64) }),
      exit: 1,
      rule: 'boundary',
    },
    {
      what: 'a boundary above its own leaf',
      files: await lying({ min_seq: 1024, peaks: ['a'.repeat(64)] }),
      exit: 1,
      rule: 'boundary',
    },
  ];
}

function at(size: number) {
  return checkpointOf(log.slice(0, size), third);
}

function otherPeaks(): string {
  return pruneLine.replace(/"peaks":\["[0-9a-f]/, (text) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`);
}

function without(name: string): ExportFiles {
  return Object.fromEntries(Object.entries(clean).filter(([each]) => each !== name));
}

async function withProof(index: number): Promise<ExportFiles> {
  return { ...clean, 'a.tlog-proof': await proofOf(index, log, third) };
}
