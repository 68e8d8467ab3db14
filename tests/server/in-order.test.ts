import test from 'ava';
import fc from 'fast-check';
import { InOrder, type Linked } from '../../sidecar/server/in-order.js';

class Member implements Linked<Member> {
  before: Member | undefined;
  after: Member | undefined;
  constructor(readonly name: number) {}
}

const names = (members: Iterable<Member>) => Array.from(members, ({ name }) => name);

test('members are there in the order in which they came, as in a Set', (t) => {
  const steps = fc.array(fc.record({ name: fc.nat({ max: 9 }), adds: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      const list = new InOrder<Member>();
      const model = new Set<Member>();
      const members = Array.from({ length: 10 }, (_, i) => new Member(i));
      for (const { name, adds } of all) {
        const member = members[name] as Member;
        if (!adds) {
          list.delete(member);
          model.delete(member);
        } else if (!model.has(member)) {
          list.add(member);
          model.add(member);
        }
        t.deepEqual(names(list), names(model));
        t.is(list.first, [...model][0]);
      }
    }),
  );
});

test('a member that has left refers to no other', (t) => {
  const list = new InOrder<Member>();
  const members = [1, 2, 3].map((name) => new Member(name));
  for (const member of members) list.add(member);
  for (const member of list) list.delete(member);
  t.deepEqual(names(list), []);
  for (const { before, after } of members) t.deepEqual([before, after], [undefined, undefined]);
});
