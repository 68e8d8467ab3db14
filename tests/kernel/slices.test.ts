import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { takeInSlices } from '../../sidecar/kernel/slices.js';
import type { Steps } from '../../sidecar/kernel/steps.js';

/** Steps that each take so long, and say how many were taken. */
function* slowSteps(count: number, stepMs: number): Steps<number> {
  for (let i = 0; i < count; i++) {
    for (const endMs = performance.now() + stepMs; performance.now() < endMs; );
    yield;
  }
  return count;
}

test('other work has its turn after each slice', async (t) => {
  let turns = 0;
  const turn = () => {
    turns++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  t.is(await takeInSlices(slowSteps(20, LIMITS.loadSliceMs), LIMITS.loadSliceMs), 20);
  clearImmediate(immediate);
  t.true(turns >= 19, String(turns));
});

test('short steps share a slice', async (t) => {
  let turns = 0;
  const timer = setImmediate(function turn() {
    turns++;
    setImmediate(turn).unref();
  });
  t.is(await takeInSlices(slowSteps(200, 0), LIMITS.loadSliceMs), 200);
  clearImmediate(timer);
  t.true(turns < 100, String(turns));
});

test('what a step throws is thrown', async (t) => {
  const failing = function* (): Steps<void> {
    yield;
    throw new Error('no such rule');
  };
  await t.throwsAsync(takeInSlices(failing(), LIMITS.loadSliceMs), { message: 'no such rule' });
});

/** How much of the time the steps get beside something that is busy without end, a millisecond a turn. */
test('beside work without end the steps get a fifth of the time, and no less', async (t) => {
  const burn = (ms: number) => {
    for (const endMs = performance.now() + ms; performance.now() < endMs; );
  };
  let turns = 0;
  let immediate = setImmediate(function turn() {
    turns++;
    burn(1);
    immediate = setImmediate(turn);
  });
  t.is(await takeInSlices(slowSteps(20, 1), 1), 20);
  clearImmediate(immediate);
  t.true(turns >= 40 && turns <= 100, String(turns));
});
