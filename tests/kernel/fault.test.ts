import test from 'ava';
import { faultOf } from '../../sidecar/kernel/fault.js';
import { runEnd } from '../../sidecar/kernel/run-end.js';

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('a fault has the class of an error and the place in our code, and not its message', (t) => {
  const piece = {
    test() {
      throw new RangeError('my secret');
    },
  } as unknown as RegExp;
  const { cause, place } = faultOf(thrownBy(() => runEnd('text', 0, piece)));
  t.is(cause, 'RangeError');
  t.regex(place ?? '', /^sidecar\/kernel\/run-end\.[jt]s:[0-9]+$/);
});

const causes = test.macro<[thrown: unknown, cause: string]>({
  exec: (t, thrown, cause) => t.is(faultOf(thrown).cause, cause),
  title: (_, thrown, cause) => `${String(thrown)} is ${cause}`,
});

test(causes, new TypeError('x'), 'TypeError');
test(causes, Object.assign(new Error('x'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }), 'ERR_WORKER_OUT_OF_MEMORY');
test(causes, Object.assign(new Error('x'), { code: 'what was sent' }), 'Error');
test(causes, Object.assign(new Error('x'), { name: 'what was sent' }), 'unknown');
test(causes, 'a text', 'unknown');
test(causes, undefined, 'unknown');

test('lines of a message that look like frames are no place', (t) => {
  const error = new Error('x\n    at secret (/app/sidecar/my/secret.ts:1:2)');
  error.stack = `Error: ${error.message}\n    at run (/app/build/sidecar/policy/engine.js:7:3)`;
  t.deepEqual(faultOf(error), { cause: 'Error', place: 'sidecar/policy/engine.js:7' });
  error.message = 'changed';
  t.deepEqual(faultOf(error), { cause: 'Error' });
});
