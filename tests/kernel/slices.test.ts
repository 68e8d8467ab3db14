import test from 'ava';
import { type Turns, takeInSlices } from '../../sidecar/kernel/slices.js';
import type { Steps } from '../../sidecar/kernel/steps.js';

const SLICE_MS = 10;

/** Time that only passes by steps, which each take `stepMs`, and by what else has its turn, which takes `othersMs` a pass. */
function scene({ stepMs = SLICE_MS, othersMs = 0 }) {
  let nowMs = 0;
  const seen: string[] = [];
  const turns: Turns = {
    nowMs: () => nowMs,
    async pass() {
      seen.push('others');
      nowMs += othersMs;
    },
  };
  function* steps(count: number): Steps<number> {
    for (let i = 0; i < count; i++) {
      seen.push('step');
      nowMs += stepMs;
      yield;
    }
    return count;
  }
  return { turns, steps, seen };
}

test('other work has its turn after each slice', async (t) => {
  const { turns, steps, seen } = scene({});
  t.is(await takeInSlices(steps(3), SLICE_MS, turns), 3);
  t.deepEqual(seen, ['step', 'others', 'step', 'others', 'step', 'others']);
});

test('short steps share a slice', async (t) => {
  const { turns, steps, seen } = scene({ stepMs: SLICE_MS / 2 });
  t.is(await takeInSlices(steps(4), SLICE_MS, turns), 4);
  t.deepEqual(seen, ['step', 'step', 'others', 'step', 'step', 'others']);
});

test('beside work without end the steps get a fifth of the time, and no less', async (t) => {
  const { turns, steps, seen } = scene({ othersMs: 1 });
  t.is(await takeInSlices(steps(20), SLICE_MS, turns), 20);
  t.is(seen.filter((who) => who === 'others').length, 20 * 4 * SLICE_MS);
});

test('what waits in the event loop has its turn', async (t) => {
  let turn = false;
  setImmediate(() => {
    turn = true;
  });
  // Ends only because of the turn.
  const steps = function* (): Steps<boolean> {
    while (!turn) yield;
    return turn;
  };
  t.true(await takeInSlices(steps(), 0));
});

test('what a step throws is thrown', async (t) => {
  const failing = function* (): Steps<void> {
    yield;
    throw new Error('no such rule');
  };
  await t.throwsAsync(takeInSlices(failing(), SLICE_MS), { message: 'no such rule' });
});
