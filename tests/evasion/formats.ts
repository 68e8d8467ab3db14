import { post, type WireRequest } from './wire-request.js';

/** One way in which a text travels to a model. */
export interface Format {
  readonly path: string;
  readonly contentType: string;
  /** A body that is one JSON value, with any JSON value in the place of the text; absent for other formats. */
  readonly value?: (content: unknown) => unknown;
  /** Likewise, with several texts in a row of one speaker: as messages, and as parts of one message. */
  readonly messages?: (texts: readonly string[]) => unknown;
  readonly parts?: (texts: readonly string[]) => unknown;
  readonly body: (text: string) => string;
  /** The text stands in the query string instead, and there is no body. */
  readonly isQuery?: true;
}

type JsonFormat = Pick<Format, 'path'> & Required<Pick<Format, 'value'>> & Pick<Format, 'messages' | 'parts'>;

const JSON_FORMATS: Readonly<Record<string, JsonFormat>> = {
  'OpenAI chat completions': {
    path: '/v1/chat/completions',
    value: (content) => ({ model: 'm', messages: [{ role: 'user', content }] }),
    messages: (texts) => ({ model: 'm', messages: texts.map((content) => ({ role: 'user', content })) }),
    parts: (texts) => ({
      model: 'm',
      messages: [{ role: 'user', content: texts.map((text) => ({ type: 'text', text })) }],
    }),
  },
  'OpenAI responses': {
    path: '/v1/responses',
    value: (text) => ({ model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text }] }] }),
    messages: (texts) => ({ model: 'm', input: texts.map((content) => ({ role: 'user', content })) }),
    parts: (texts) => ({
      model: 'm',
      input: [{ role: 'user', content: texts.map((text) => ({ type: 'input_text', text })) }],
    }),
  },
  'arguments of a tool call': {
    path: '/v1/chat/completions',
    value: (q) => ({
      messages: [
        { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: JSON.stringify({ q }) } }] },
      ],
    }),
  },
  'Anthropic messages': {
    path: '/v1/messages',
    value: (text) => ({
      model: 'm',
      system: 'Be kind.',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    }),
    messages: (texts) => ({ model: 'm', messages: texts.map((content) => ({ role: 'user', content })) }),
    parts: (texts) => ({
      model: 'm',
      messages: [{ role: 'user', content: texts.map((text) => ({ type: 'text', text })) }],
    }),
  },
  'Gemini generateContent': {
    path: '/v1beta/models/gemini-2.5-flash:generateContent',
    value: (text) => ({ contents: [{ role: 'user', parts: [{ text }] }] }),
    messages: (texts) => ({ contents: texts.map((text) => ({ role: 'user', parts: [{ text }] })) }),
    parts: (texts) => ({ contents: [{ role: 'user', parts: texts.map((text) => ({ text })) }] }),
  },
  'Bedrock Converse': {
    path: '/model/m/converse',
    value: (text) => ({ messages: [{ role: 'user', content: [{ text }] }] }),
    parts: (texts) => ({ messages: [{ role: 'user', content: texts.map((text) => ({ text })) }] }),
  },
  'Ollama generate': { path: '/api/generate', value: (prompt) => ({ model: 'm', prompt, system: 'Be kind.' }) },
  'MCP tools/call': {
    path: '/mcp/',
    value: (q) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search', arguments: { q } } }),
  },
  'unknown JSON': { path: '/collect', value: (note) => ({ kind: 'note', payload: [{ level: 3, note }] }) },
};

const part = (headers: string, body: string) => `--b0undary\r\n${headers}\r\n\r\n${body}\r\n`;

const OTHER_FORMATS: Readonly<Record<string, Format>> = {
  'JSON a line': {
    path: '/v1/batches',
    contentType: 'application/jsonl',
    body: (text) => `${JSON.stringify({ body: 'first' })}\n${JSON.stringify({ body: text })}\n`,
  },
  form: {
    path: '/submit/form',
    contentType: 'application/x-www-form-urlencoded',
    body: (text) => new URLSearchParams({ model: 'm', prompt: text }).toString(),
  },
  multipart: {
    path: '/v1/files/upload',
    contentType: 'multipart/form-data; boundary=b0undary',
    body: (text) =>
      `${part('Content-Disposition: form-data; name="purpose"', 'batch')}${part(
        'Content-Disposition: form-data; name="file"; filename="notes.txt"\r\nContent-Type: text/plain',
        text,
      )}--b0undary--\r\n`,
  },
  'plain text': { path: '/notes', contentType: 'text/plain', body: (text) => text },
  query: {
    path: '/search',
    contentType: '',
    isQuery: true,
    body: (text) => new URLSearchParams({ lang: 'en', q: text }).toString(),
  },
};

/** All formats by name. */
export const FORMATS: Readonly<Record<string, Format>> = {
  ...Object.fromEntries(
    Object.entries(JSON_FORMATS).map(([name, format]) => [
      name,
      {
        ...format,
        contentType: 'application/json',
        body: (text: string) => JSON.stringify(format.value(text)),
      },
    ]),
  ),
  ...OTHER_FORMATS,
};

/** The request of a format with this body, or query string. */
export function requestOf(format: Format, body: Buffer | string): WireRequest {
  if (!format.isQuery) return post(format.path, format.contentType, body);
  return { method: 'GET', path: `${format.path}?${body}`, headers: [], body: Buffer.of() };
}
