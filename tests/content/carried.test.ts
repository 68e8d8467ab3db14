import test from 'ava';
import fc from 'fast-check';
import { readTestBody } from './read-test-body.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const url = (text: string) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const inLines = (text: string) => base64(text).replaceAll(/.{20}/g, '$&\r\n');

/** Strings that stand for a text to those who open `data:` URLs. */
const DATA_URLS: Readonly<Record<string, (text: string) => string>> = {
  'in base64': (text) => `data:text/plain;base64,${base64(text)}`,
  'in base64 for URLs': (text) => `data:;base64,${url(text)}`,
  'in base64 in lines': (text) => `data:text/x-any;charset=utf-8;base64,${inLines(text)}`,
  'in base64 that is percent-encoded': (text) => `DATA:text/html;BASE64,${encodeURIComponent(base64(text))}`,
  'percent-encoded': (text) => `data:application/xml,${encodeURIComponent(text)}`,
  'every byte percent-encoded': (text) => `data:,${Buffer.from(text).toString('hex').replaceAll(/../g, '%$&')}`,
};

/** Bodies that carry a text as a file, by the API references of those named. */
const FILES: Readonly<Record<string, (text: string) => unknown>> = {
  Anthropic: (text) =>
    messageOf({ type: 'document', source: { type: 'base64', media_type: 'text/plain', data: base64(text) } }),
  'Anthropic, members the other way round': (text) =>
    messageOf({ source: { data: base64(text), media_type: 'text/plain', type: 'base64' } }),
  Bedrock: (text) => messageOf({ document: { format: 'txt', name: 'a', source: { bytes: base64(text) } } }),
  'OpenAI chat completions': (text) => messageOf({ type: 'file', file: { file_data: base64(text) } }),
  Gemini: (text) => ({ contents: [{ parts: [{ inlineData: { mimeType: 'text/csv', data: base64(text) } }] }] }),
};

const said = fc
  .oneof(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'binary' }))
  .filter((text) => text.isWellFormed() && !/^\ufeff|\0/.test(text));

const isRead = test.macro((t, bodyOf: (text: string) => unknown) => {
  fc.assert(
    fc.property(said, (text) => {
      const { segments, gaps } = readTestBody(JSON.stringify(bodyOf(text)));
      return gaps.length === 0 && segments.some((segment) => segment.derived && segment.text === text);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

for (const [form, write] of Object.entries(DATA_URLS))
  test(`a text in a data URL, ${form}`, isRead, (text) => [write(text)]);
for (const [api, write] of Object.entries(FILES)) test(`a text in a file of ${api}`, isRead, write);

test('any bytes in a data URL are read as text, or named', (t) => {
  const type = fc.constantFrom(
    '',
    'text/plain',
    'image/png',
    'application/json',
    'application/x-any',
    'text/plain;charset=x',
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), type, (bytes, mediaType) => {
      const { segments, gaps } = readTestBody(
        JSON.stringify([`data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`]),
      );
      return gaps.length > 0 || segments.some(({ derived }) => derived);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

function messageOf(part: unknown): unknown {
  return { messages: [{ role: 'user', content: [part] }] };
}
