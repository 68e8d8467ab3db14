import fc from 'fast-check';
import { verifyMany } from '../audit/python-verifier.js';
import { cleanLog } from '../audit/random-logs.js';
import { allKinds, type ExportFiles, exportOf, proofOf, signerOf, verifyExport } from '../audit/signed-logs.js';

/** How many logs one process of Python looks at. */
const GROUP = 1_000;
/** Every so many-th case is shown to the Python verifier, too. */
const PYTHON_EVERY = 20;

/** Verifies random logs that nobody has touched: each must be ok. Gives how many are not, or are judged otherwise by the other verifier. */
export async function verifyCleanLogs(count: number, seed: number): Promise<number> {
  let wrong = 0;
  for (let done = 0; done < count; done += GROUP) {
    const group = Math.min(GROUP, count - done);
    const logs = await Promise.all(fc.sample(cleanLog, { numRuns: group, seed: seed + done }));
    for (const { files, given } of logs) if ((await verifyExport(files, given)).exit !== 0) wrong += 1;
    const some = logs.filter((_, at) => at % PYTHON_EVERY === 0);
    wrong += verifyMany(some).filter(({ exit }) => exit !== 0).length;
  }
  return wrong;
}

/** Flips random bits of an export that has every kind of leaf. Gives how many pass, or are judged otherwise by the other verifier. */
export async function verifyFlips(count: number, random: () => number): Promise<number> {
  const signers = [signerOf(6), signerOf(3), signerOf(1)] as const;
  const whole: ExportFiles = {
    ...exportOf(allKinds, ...signers),
    'leaf.tlog-proof': await proofOf(11, allKinds, signers[0]),
  };
  const names = Object.keys(whole);
  let wrong = 0;
  for (let done = 0; done < count; done += GROUP) {
    const group = Array.from({ length: Math.min(GROUP, count - done) }, () => flipped(whole, names, random));
    const exits: number[] = [];
    for (const files of group) exits.push((await verifyExport(files)).exit);
    wrong += exits.filter((exit) => exit === 0).length;
    const theirs = verifyMany(group.filter((_, at) => at % PYTHON_EVERY === 0).map((files) => ({ files })));
    wrong += theirs.filter(({ exit }, at) => exit !== exits[at * PYTHON_EVERY]).length;
  }
  return wrong;
}

function flipped(whole: ExportFiles, names: readonly string[], random: () => number): ExportFiles {
  const name = names[Math.floor(random() * names.length)] as string;
  const changed = Buffer.from(whole[name] as Uint8Array);
  const at = Math.floor(random() * changed.length);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
  return { ...whole, [name]: changed };
}
