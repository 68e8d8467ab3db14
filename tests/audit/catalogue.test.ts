import test from 'ava';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { catalogue } from './catalogue.js';
import { prunedCatalogue } from './pruned-catalogue.js';
import { verifyMany } from './python-verifier.js';
import { verifyExport } from './signed-logs.js';

const attacks = [...(await catalogue()), ...(await prunedCatalogue())];

for (const { what, files, given, exit, rule } of attacks) {
  test(`verified as ${exit}: ${what}`, async (t) => {
    const { exit: actual, report } = await verifyExport(files, given);
    t.is(actual, exit, JSON.stringify(report));
    if (exit !== 4) t.is(report?.fault?.rule, rule as never, JSON.stringify(report));
  });
}

needs(pythonAndOpenssl)('the Python verifier says the same of every case', (t) => {
  const reports = verifyMany(attacks);
  for (const [at, { what, exit, rule }] of attacks.entries()) {
    const report = reports[at];
    t.is(report?.exit, exit, `${what}: ${JSON.stringify(report)}`);
    if (exit !== 4) t.is(report?.fault?.rule, rule, `${what}: ${JSON.stringify(report)}`);
  }
});
