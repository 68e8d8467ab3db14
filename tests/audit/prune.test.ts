import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { appendMany, pruneAll, signingSoon, stoppedClock } from './prune-rig.js';
import { python, verifier } from './python-verifier.js';
import { levelLogOptions, openAuditLog } from './records.js';
import { runLogCommand as jimini } from './run-log.js';

const test = needs(pythonAndOpenssl);

/** A data directory whose log has so many leaves, and then all that may be removed is. */
async function prunedLog(size: number): Promise<string> {
  const dataDir = await temporaryDataDirectory();
  const clock = stoppedClock();
  const options = levelLogOptions(dataDir, { clock });
  const log = await openAuditLog({ ...options, signing: signingSoon(options.signing) });
  await appendMany(log, size - 1);
  await pruneAll(log, clock);
  await log.close('shutdown');
  return dataDir;
}

/** Both verifiers over data directory and export. */
function verifiedAs(t: ExecutionContext, exit: number, dataDir: string, ...args: string[]) {
  const out = join(temporaryDirectory(), 'export');
  const ours = jimini('verify', '--data-dir', dataDir, '--format', 'json', ...args);
  t.is(ours.exit, exit, ours.stdout + ours.stderr);
  const exported = jimini('export', '--data-dir', dataDir, '--out', out);
  t.is(exported.exit, 0, exported.stderr);
  const ofExport = jimini('verify', '--export', out, ...args);
  t.is(ofExport.exit, exit, ofExport.stdout + ofExport.stderr);
  const theirs = python([verifier, '--export', out, ...args]);
  t.is(theirs.exit, exit, theirs.stdout + theirs.stderr);
  return { out, report: JSON.parse(ours.stdout) as Record<string, unknown> };
}

test('a log of which leaves were removed holds for both verifiers, and proves what is left', async (t) => {
  const dataDir = await prunedLog(1000);
  const { report } = verifiedAs(t, 0, dataDir);
  t.like(report, { pruned_entries: 768 });
});
