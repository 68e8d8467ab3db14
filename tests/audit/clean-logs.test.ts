import test from 'ava';
import fc from 'fast-check';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { verifyMany } from './python-verifier.js';
import { cleanLog } from './random-logs.js';
import { verifyExport } from './signed-logs.js';

test('no log that nobody has touched is called anything but ok', async (t) => {
  const wrong: unknown[] = [];
  for (const made of fc.sample(cleanLog, { numRuns: 400 })) {
    const { files, given } = await made;
    const { exit, report } = await verifyExport(files, given);
    if (exit !== 0) wrong.push([report, given, String(files['entries.jsonl'])]);
  }
  t.deepEqual(wrong, []);
});

needs(pythonAndOpenssl)('nor by the Python verifier', async (t) => {
  const logs = await Promise.all(fc.sample(cleanLog, { numRuns: 60 }));
  const wrong = verifyMany(logs).filter(({ exit }) => exit !== 0);
  t.deepEqual(wrong, []);
});
