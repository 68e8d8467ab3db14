import test from 'ava';
import { createNameScan } from '../../sidecar/policy/lazy-scan.js';
import { createLiteralScanner } from '../../sidecar/policy/literal-scan.js';

test('a pointer gives the groups of its own names, however many there were before and whether it was seen or not', (t) => {
  const names = createNameScan(createLiteralScanner({ literals: [['password'], ['card', 'iban']] }));
  const groupsOf = (pointer: string) => {
    names.look(pointer);
    return [0, 1].filter((group) => names.has(group));
  };
  for (let round = 0; round < 2; round++) {
    t.deepEqual(groupsOf('/user/Password'), [0]);
    t.deepEqual(groupsOf('/user/name'), []);
    t.deepEqual(groupsOf('/iban/password#'), [0, 1]);
    t.deepEqual(groupsOf(`/${'x'.repeat(200)}/card`), [1]);
    for (let i = 0; i < 3000; i++) groupsOf(`/items/${i}/card`);
    t.deepEqual(groupsOf('/items/1/card'), [1]);
  }
});
