import test from 'ava';
import fc from 'fast-check';
import { createAdmission, type Ticket } from '../../sidecar/server/admission.js';

interface Held {
  readonly ticket: Ticket;
  evictions: number;
  isGone: boolean;
  isWorkedOn: boolean;
}

test('whatever calls do, counts are never negative, bytes of calls not at work stay in bounds, and all is given back', (t) => {
  const step = fc.record({
    what: fc.constantFrom('enter', 'grow', 'resize', 'complete', 'giveWay', 'leave'),
    which: fc.nat(9),
    bytes: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const admission = createAdmission({ callsMax: 5, bytesMax: 100 });
      const calls: Held[] = [];
      const evictable = () => calls.filter(({ isGone, isWorkedOn }) => !isGone && !isWorkedOn);
      for (const { what, which, bytes } of steps) {
        const chosen = calls[which % Math.max(1, calls.length)];
        const isThere = chosen?.isGone === false;
        if (what === 'enter') {
          const one = { evictions: 0, isGone: false, isWorkedOn: false } as Held;
          const ticket = admission.enter(() => {
            one.evictions += 1;
            one.isGone = true;
          });
          if (ticket) calls.push(Object.assign(one, { ticket }));
          else if (evictable().length > 0) return false;
        } else if (what === 'grow') chosen?.ticket.grow(bytes);
        else if (what === 'resize') chosen?.ticket.resize(bytes);
        else if (what === 'leave' && chosen) {
          chosen.ticket.leave();
          chosen.isGone = true;
        } else if (chosen) {
          if (what === 'giveWay') chosen.ticket.giveWay(bytes);
          else chosen.ticket.complete();
          chosen.isWorkedOn = what === 'complete';
        }
        const isMore = isThere && (what === 'grow' || what === 'resize');
        if (isMore && admission.bytes > 100 && evictable().length > 0) return false;
        if (admission.calls < 0 || admission.calls > 5 || admission.bytes < 0) return false;
        if (calls.some(({ evictions }) => evictions > 1)) return false;
      }
      for (const { ticket } of calls) ticket.leave();
      return admission.calls === 0 && admission.bytes === 0;
    }),
  );
  t.pass();
});

test('bytes over the limit evict the largest calls until the rest fits, calls at work excepted', (t) => {
  const admission = createAdmission({ callsMax: 10, bytesMax: 100 });
  const evicted: string[] = [];
  const enter = (name: string) => admission.enter((reason) => evicted.push(`${name} ${reason}`));
  const [a, b, c, d] = [enter('a'), enter('b'), enter('c'), enter('d')];
  a?.grow(50);
  a?.complete();
  b?.grow(20);
  c?.grow(25);
  t.deepEqual(evicted, []);
  d?.grow(10);
  t.deepEqual(evicted, ['c overloaded']);
  t.is(admission.bytes, 80);
  d?.grow(90);
  t.deepEqual(evicted, ['c overloaded', 'd overloaded']);
  b?.grow(31);
  t.deepEqual(evicted, ['c overloaded', 'd overloaded', 'b overloaded']);
  t.is(admission.calls, 1);
});
