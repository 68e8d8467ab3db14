import { Writable } from 'node:stream';
import test from 'ava';
import { createLogger } from '../../sidecar/telemetry/logger.js';

/** Strings that try to be two events, to colour a terminal or to turn a line around. */
const HOSTILE = [
  'a\r\nb',
  'a\u0000b',
  '\u001b[31mred',
  'a\u2028b\u2029c',
  '\u202eevil',
  '\u0085next',
  'x\u200by',
  '\u061cx',
  'soft\u00adhyphen',
  '\u{e0041}tag',
  '"}\n{"level":"fatal"',
];

for (const hostile of HOSTILE) {
  test(`${JSON.stringify(hostile)} stays one line, without characters that a terminal obeys, and reads back unchanged`, (t) => {
    const chunks: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk));
        done();
      },
    });
    createLogger('info', sink).info({ path: hostile }, hostile);
    const text = chunks.join('');
    t.is(text.split('\n').length, 2);

    t.notRegex(text.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const event = JSON.parse(text);
    t.is(event.msg, hostile);
    t.is(event.path, hostile);
  });
}
