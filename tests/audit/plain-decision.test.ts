import test from 'ava';
import fc from 'fast-check';
import { scanCanonical } from '../../sidecar/audit/verify/canonical-scan.js';
import { fieldFault } from '../../sidecar/audit/verify/leaf-rules.js';
import { readPlainDecision } from '../../sidecar/audit/verify/plain-decision.js';
import { chained, DECISION, leafVectors, OPEN } from './signed-logs.js';

const leaf = String(chained([OPEN, { ...DECISION, c_subj: 'c'.repeat(64), gaps: ['body:absent'], gap_count: 2 }])[1]);

/** Whether the quick reading accepts no more than the rules one by one, and reads the same. */
function agrees(text: string): boolean {
  const place = readPlainDecision(text);
  if (!place) return true;
  const members = scanCanonical(text);
  if ('why' in members || fieldFault(members) !== undefined) return false;
  const told = [place.seq, place.prev, place.epoch, place.logId, 1, 'decision'];
  return ['seq', 'prev', 'epoch', 'log_id', 'v', 'kind'].every((name, at) => members.get(name) === told[at]);
}

test('a plain decision is read as one', (t) => {
  t.like(readPlainDecision(leaf), { seq: 1, epoch: 1 });
  t.true(agrees(leaf));
});

test('with any character changed, put in or left out, no more is accepted than by the rules one by one', (t) => {
  const characters = [...'"\\,:{}[]019-a-fzA \t\u0000\u007f\u00e9\u2028', '\ud800'];
  for (let at = 0; at < leaf.length; at += 1) {
    const [before, behind] = [leaf.slice(0, at), leaf.slice(at + 1)];
    for (const put of [...characters, ...characters.map((character) => `${character}${leaf[at]}`), '']) {
      t.true(agrees(before + put + behind), `${put} at ${at}`);
    }
  }
});

test('of the leaves of the vectors no more is accepted than by the rules one by one', (t) => {
  const leaves = leafVectors.cases.leaves.map(
    ({ leaf: text, base64 }) => text ?? Buffer.from(base64 ?? '', 'base64').toString(),
  );
  t.deepEqual(
    leaves.filter((text) => !agrees(text)),
    [],
  );
  t.true(leaves.some((text) => readPlainDecision(text)));
});

test('whatever fields are put together, no more is accepted than by the rules one by one', (t) => {
  const members = leaf.slice(1, -1).split(/,(?="[a-z_]+":)/);
  const order = fc.oneof(fc.shuffledSubarray(members), fc.array(fc.constantFrom(...members), { maxLength: 30 }));
  const counts = fc.tuple(fc.nat({ max: 70 }), fc.nat({ max: 70 }));
  fc.assert(fc.property(order, (some) => agrees(`{${some.join(',')}}`)));
  fc.assert(
    fc.property(counts, ([length, count]) =>
      agrees(
        leaf
          .replace(/"rule_ids":\[[^\]]*\]/, `"rule_ids":${JSON.stringify(Array(length).fill('a.b'))}`)
          .replace(/"rule_count":\d+/, `"rule_count":${count}`),
      ),
    ),
  );
  t.pass();
});
