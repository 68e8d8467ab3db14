import { chatText } from './prompt.js';

const INSTRUCTIONS = 'You are a coding agent. Read files before you change them, and say what you did in a few words.';
const PARAMETERS = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'Path of the file, relative to the root of the repository.' },
    limit: { type: 'integer', description: 'How many lines to read at most.' },
  },
  required: ['path'],
  additionalProperties: false,
};
const CODE_LINE = '  const found = names.filter((name) => name !== "" && !name.startsWith("\\t"));\n';
const FILE_LINES = 80;

/**
 * A chat completions request of at least this many bytes as coding agents send it: instructions, tools, and a long
 * history of short questions, calls with JSON in a string, and files as results, with many escaped quotes and line ends.
 */
export function agentBody(bytes: number): Buffer {
  const tools = [
    { type: 'function', function: { name: 'read_file', description: 'Reads a file.', parameters: PARAMETERS } },
  ];
  const messages: object[] = [{ role: 'system', content: INSTRUCTIONS }];
  let written = Buffer.byteLength(JSON.stringify({ model: 'm', tools, messages }));
  for (let turn = 0; written < bytes; turn++) {
    for (const message of turnOf(turn, Math.min(1, (bytes - written) / 7000))) {
      messages.push(message);
      written += Buffer.byteLength(JSON.stringify(message)) + 1;
    }
  }
  return Buffer.from(JSON.stringify({ model: 'gpt-5-codex', temperature: 0, stream: true, tools, messages }));
}

/** One question with its call, the result and the answer; `share` of the result, for bodies that are smaller than one. */
function turnOf(turn: number, share: number): object[] {
  const id = `call_${turn.toString(36).padStart(8, '0')}`;
  const call = JSON.stringify({ path: `src/part-${turn % 100}/file-${turn}.ts`, limit: 200 });
  return [
    { role: 'user', content: chatText(200) },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'read_file', arguments: call } }],
    },
    { role: 'tool', tool_call_id: id, content: CODE_LINE.repeat(Math.ceil(FILE_LINES * share)) },
    { role: 'assistant', content: chatText(150) },
  ];
}
