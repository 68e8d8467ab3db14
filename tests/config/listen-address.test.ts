import test from 'ava';
import {
  formatListenAddress,
  isLocal,
  type ListenAddress,
  parseListenAddress,
} from '../../sidecar/config/listen-address.js';

const read = test.macro({
  exec(t, text: string, expected: ListenAddress) {
    t.deepEqual(parseListenAddress(text), expected);
    t.deepEqual(parseListenAddress(formatListenAddress(expected)), expected);
  },
  title: (_, text: string) => `${text.slice(0, 40)} is an address`,
});
test(read, '127.0.0.1:9000', { kind: 'tcp', host: '127.0.0.1', port: 9000 });
test(read, 'localhost:0', { kind: 'tcp', host: '127.0.0.1', port: 0 });
test(read, '[::1]:9000', { kind: 'tcp', host: '::1', port: 9000 });
test(read, '0.0.0.0:65535', { kind: 'tcp', host: '0.0.0.0', port: 65_535 });
test(read, 'unix:/run/jimini/data.sock', { kind: 'unix', path: '/run/jimini/data.sock' });
test(read, 'unix:///run/jimini/data.sock', { kind: 'unix', path: '/run/jimini/data.sock' });
test(read, 'unix:run/data.sock', { kind: 'unix', path: 'run/data.sock' });
test(read, `unix:${'x'.repeat(107)}`, { kind: 'unix', path: 'x'.repeat(107) });

const refused = test.macro({
  exec(t, text: string, reason: RegExp) {
    const read = parseListenAddress(text);
    t.is(typeof read, 'string');
    t.regex(String(read), reason);
  },
  title: (_, text: string) => `${JSON.stringify(text.slice(0, 40))} is refused`,
});
for (const text of ['', '9000', ':9000', '127.0.0.1', '127.0.0.1:', '127.0.0.1:-1', '127.1:9000', '::1:9000']) {
  test(refused, text, /^expected IP:PORT/);
}
for (const text of ['[127.0.0.1]:9000', '127.0.0.1.example:1', 'example.com:9000', '*:9000', 'http://127.0.0.1:9000']) {
  test(refused, text, /^expected IP:PORT/);
}
test(refused, '127.0.0.1:65536', /port from 0 to 65535/);
for (const text of ['unix:', 'unix:run/', 'unix:a\0b', 'unixx']) test(refused, text, /path of a socket/);
for (const text of ['unix:@name', 'unix:\0name', 'unix-abstract:name']) test(refused, text, /abstract/);
test(refused, `unix:${'x'.repeat(108)}`, /108 bytes/);
test(refused, `unix:${'ü'.repeat(54)}`, /108 bytes/);

const local = test.macro({
  exec(t, text: string, expected: boolean) {
    const address = parseListenAddress(text);
    t.is(typeof address === 'object' && isLocal(address), expected);
  },
  title: (_, text: string, expected) => `${text} is ${expected ? '' : 'not '}for this machine only`,
});
for (const text of [
  '127.8.9.10:1',
  'localhost:80',
  '[::1]:1',
  '[0:0:0:0:0:0:0:1]:1',
  '[::ffff:127.0.0.1]:1',
  'unix:/run/x',
]) {
  test(local, text, true);
}
for (const text of ['0.0.0.0:9000', '10.0.0.1:1', '[::]:1', '[::ffff:0.0.0.0]:1', '[fe80::1]:1']) {
  test(local, text, false);
}
