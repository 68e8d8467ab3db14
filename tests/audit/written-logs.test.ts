import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { deleted, inDatabase, keysOf } from '../storage/database.js';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { python, verifier } from './python-verifier.js';
import { decision, levelLogOptions, openAuditLog } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const test = needs(pythonAndOpenssl);

/** One run of the program: `open`, so many decisions, `close`. */
async function run(dataDir: string, count: number): Promise<void> {
  const log = await openAuditLog(await levelLogOptions(dataDir));
  await Promise.all(Array.from({ length: count }, (_, at) => log.append({ leafFields: decision(`r${at}`) })));
  await log.close('shutdown');
}

async function cutOff(dataDir: string, count: number): Promise<void> {
  await inDatabase(dataDir, async (db) => db.batch((await keysOf(db, 'l')).slice(-count).map(deleted)));
}

/** What somebody keeps elsewhere: the newest checkpoint, and the keys. */
function keep(dataDir: string): { anchor: string; key: string } {
  const folder = temporaryDirectory();
  const [anchor, key] = [join(folder, 'anchor'), join(folder, 'key.pub')];
  writeFileSync(anchor, JSON.parse(jimini('head', '--data-dir', dataDir, '--format', 'json').stdout).checkpoint);
  writeFileSync(key, readFileSync(join(dataDir, 'key.pub')));
  return { anchor, key };
}

/** Exit codes of both verifiers over data directory and export must be this one. */
function verifiedAs(t: ExecutionContext, exit: number, dataDir: string, ...args: string[]): void {
  const out = join(temporaryDirectory(), 'export');
  const ours = jimini('verify', '--data-dir', dataDir, ...args);
  t.is(ours.exit, exit, ours.stdout + ours.stderr);
  t.is(jimini('export', '--data-dir', dataDir, '--out', out).exit, 0);
  const ofExport = jimini('verify', '--export', out, ...args);
  t.is(ofExport.exit, exit, ofExport.stdout + ofExport.stderr);
  const theirs = python([verifier, '--export', out, ...args]);
  t.is(theirs.exit, exit, theirs.stdout + theirs.stderr);
}

test('what the writer writes over several runs and keys is ok for both verifiers', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await run(dataDir, 3);
  const { anchor, key } = keep(dataDir);
  verifiedAs(t, 0, dataDir, '--anchor', anchor, '--key', key);
  await run(dataDir, 300);
  verifiedAs(t, 0, dataDir, '--anchor', anchor, '--key', key);
  t.is(jimini('rotate-key', '--data-dir', dataDir).exit, 0);
  await run(dataDir, 5);
  verifiedAs(t, 0, dataDir, '--anchor', anchor, '--key', key);
  const newer = keep(dataDir);
  verifiedAs(t, 0, dataDir, '--anchor', anchor, '--key', newer.key);
  const leaves = jimini('show', '0-9999', '--data-dir', dataDir).stdout;
  t.regex(leaves, / key +/);
});

test('a log that was cut and goes on says so; who kept a checkpoint sees that it is not what was signed', async (t) => {
  const dataDir = await temporaryDataDirectory();
  await run(dataDir, 8);
  const { anchor, key } = keep(dataDir);
  await cutOff(dataDir, 4);
  verifiedAs(t, 2, dataDir, '--key', key);
  await run(dataDir, 0);
  verifiedAs(t, 0, dataDir, '--key', key);
  t.regex(jimini('verify', '--data-dir', dataDir).stdout, /\nLeaves of kind gap: 1\. They say what is missing/);
  verifiedAs(t, 1, dataDir, '--anchor', anchor, '--key', key);
  await run(dataDir, 20);
  verifiedAs(t, 0, dataDir);
  verifiedAs(t, 1, dataDir, '--anchor', anchor);
  const { stdout } = jimini('verify', '--data-dir', dataDir, '--anchor', anchor);
  t.regex(
    stdout,
    /another root hash for 10 leaves; the gap leaf \d says that leaves from 6 on were lost, and their numbers/,
  );
});
