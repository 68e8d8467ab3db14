import test from 'ava';
import fc from 'fast-check';
import { readRpcCall } from '../../mesh/ext-authz/json-rpc.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';

const read = (body: string) => readRpcCall(Buffer.from(body));
const request = (id: string) => `{"jsonrpc":"2.0","method":"m","id":${id}}`;

const ids = test.macro({
  title: (title) => `${title}`,
  exec(t, body: string, expected: readonly string[] | undefined) {
    t.deepEqual(read(body)?.ids, expected);
  },
});

test('an id is told back as it was written', ids, request('12345678901234567890'), ['12345678901234567890']);
test('an id may be a string with escapes', ids, request('"a\\u0022\\\\"'), ['"a\\u0022\\\\"']);
test('members may stand in any order, with white space', ids, ' { "id" : 1 ,\n "method":"m", "jsonrpc" : "2.0" } ', [
  '1',
]);
test('ids further inside are not the id', ids, '{"jsonrpc":"2.0","params":{"id":7,"q":"}\\"]"},"method":"m","id":8}', [
  '8',
]);
test('of an id given twice the last counts', ids, '{"jsonrpc":"2.0","method":"m","id":1,"id":2}', ['2']);
test('an id of null is none', ids, request('null'), []);
test('an id that is an object is none', ids, request('{"a":1}'), []);
test('a broken id is none', ids, request('"\\x"'), []);
test('a request without a method is none', ids, '{"jsonrpc":"2.0","id":1}', []);
test(
  'a batch has the ids of its requests',
  ids,
  `[${request('1')} , {"jsonrpc":"2.0","method":"n"},${request('"b"')}]`,
  ['1', '"b"'],
);
test('another version is another protocol', ids, '{"jsonrpc":"1.0","method":"m","id":1}', undefined);
test('a chat request is not JSON-RPC', ids, '{"messages":[{"content":"\\"jsonrpc\\""}]}', undefined);
test('a name in a string is not a member', ids, '{"a":"\\"jsonrpc\\":\\"2.0\\""}', undefined);
test('an empty batch is not JSON-RPC', ids, '["jsonrpc"]', undefined);
test('a batch with something else in it is not JSON-RPC', ids, `[${request('1')},"jsonrpc"]`, undefined);

test('bodies, batches and ids are bounded', (t) => {
  const long = (length: number) => request(`"${'x'.repeat(length - 2)}"`);
  t.is(read(long(LIMITS.rpcIdBytesMax))?.ids.length, 1);
  t.deepEqual(read(long(LIMITS.rpcIdBytesMax + 1))?.ids, []);
  t.deepEqual(read(request('1'.repeat(LIMITS.rpcIdBytesMax + 1)))?.ids, []);
  const batch = (count: number) => `[${Array.from({ length: count }, () => request('1')).join()}]`;
  t.is(read(batch(LIMITS.rpcBatchMax))?.ids.length, LIMITS.rpcBatchMax);
  t.is(read(batch(LIMITS.rpcBatchMax + 1)), undefined);
  const members = (count: number) => `{"jsonrpc":"2.0"${',"a":1'.repeat(count - 1)}}`;
  t.deepEqual(read(members(LIMITS.rpcMembersMax))?.ids, []);
  t.is(read(members(LIMITS.rpcMembersMax + 1)), undefined);
  const padded = (bytes: number) => request('1').padEnd(bytes);
  t.deepEqual(read(padded(LIMITS.rpcBodyBytesMax))?.ids, ['1']);
  t.is(read(padded(LIMITS.rpcBodyBytesMax + 1)), undefined);
});

const anyCall = fc.record({
  jsonrpc: fc.constant('2.0'),
  method: fc.string(),
  id: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer()),
  params: fc.jsonValue(),
});

test('the id is what a JSON parser says', (t) => {
  fc.assert(
    fc.property(fc.array(anyCall, { minLength: 1, maxLength: 5 }), fc.constantFrom(0, 1), (calls, indent) => {
      const said = readRpcCall(Buffer.from(JSON.stringify(calls, null, indent)));
      t.deepEqual(
        said?.ids.map((id) => JSON.parse(id)),
        calls.map(({ id }) => id),
      );
    }),
  );
});

test('any bytes at all are read or are not, and end', (t) => {
  const call = Buffer.from(request('"a"'));
  fc.assert(
    fc.property(fc.nat(call.length), fc.integer({ min: 0, max: 255 }), fc.nat(call.length), (at, byte, cut) => {
      const changed = Buffer.from(call);
      changed[at] = byte;
      t.notThrows(() => readRpcCall(changed));
      t.notThrows(() => readRpcCall(call.subarray(0, cut)));
    }),
  );
});
