import { requestOf } from './formats.js';
import { besideIt, inJson, inLiteral, inValue, type Technique, type Techniques, textual } from './technique.js';

const escapedAll = (text: string, digits = (unit: string) => unit) =>
  `"${Array.from(text, (one) => `\\u${digits(one.charCodeAt(0).toString(16).padStart(4, '0'))}`).join('')}"`;
const digitsOf = (text: string) => text.replaceAll(/\D/g, '');
const nested = (text: string, depth: number) => {
  let value: unknown = text;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};
/** The text in pieces of this many characters. */
const pieces = (text: string, length: number) => text.match(new RegExp(`.{1,${length}}`, 'gs')) ?? [];
const words = (text: string) => text.split(/(?<= )/);

/** Splits the text over messages or parts of a conversation. */
function split(into: 'messages' | 'parts', cut: (text: string) => readonly string[]): Technique {
  return {
    apply(format, text) {
      const value = format[into]?.(cut(text));
      return value === undefined ? undefined : requestOf(format, JSON.stringify(value));
    },
  };
}

/** Two members of one name: readers differ on which one counts. */
function twice(names: readonly [first: string, second: string], isFirst: boolean): Technique {
  return inJson((json, text) => {
    const [said, other] = isFirst ? [text, 'hello'] : ['hello', text];
    return json.replace(/\}$/, `,${names[0]}:${JSON.stringify(said)},${names[1]}:${JSON.stringify(other)}}`);
  });
}

/** Ways to write a JSON body, and places in it. */
export const JSON_TECHNIQUES: Techniques = {
  'every character as a \\u escape': inLiteral((text) => escapedAll(text)),
  '\\u escapes in capitals': inLiteral((text) => escapedAll(text, (unit) => unit.toUpperCase())),
  'escaped slashes and line ends': inLiteral(
    (text) => JSON.stringify(text).replaceAll(' ', '\\n'),
    ['ssn', 'injection'],
  ),
  'names as \\u escapes': inJson((json) =>
    json.replaceAll('content', 'c\\u006fntent').replaceAll('text', 't\\u0065xt'),
  ),
  'half a surrogate pair in the text': inLiteral((text) => `"${text.replace(/(..)$/, '\\ud800$1')}"`),
  'two members of one name, the first one counts': twice(['"x"', '"x"'], true),
  'two members of one name, the last one counts': twice(['"x"', '"x"'], false),
  'two members of one name, one of them escaped': twice(['"x"', '"\\u0078"'], true),
  'names that differ in case': twice(['"prompt"', '"Prompt"'], true),
  'a comment in front': inJson((json) => `/* note */${json}`),
  'a comment that hides a member': inJson((json, text) => json.replace(/\}$/, `/*,"x":${JSON.stringify(text)}*/}`)),
  'a line comment': inJson((json) => `// note\n${json}`),
  'a comma at the end': inJson((json) => json.replace(/\}$/, ',}')),
  'single quotes': inJson((json) => json.replaceAll('"', "'")),
  'names without quotes': inJson((json) => json.replaceAll(/"(\w+)":/g, '$1:')),
  'NaN and Infinity': inJson((json) => json.replace(/\}$/, ',"x":NaN,"y":-Infinity}')),
  'hexadecimal numbers': inJson((json) => json.replace(/\}$/, ',"x":0x10}')),
  'a line end in a string': inLiteral((text) => `"${text}\n"`),
  'a backslash at a line end in a string': inLiteral((text) => `"${text.slice(0, 12)}\\\n${text.slice(12)}"`),
  'escapes that JSON does not have': inLiteral((text) => `"\\a${text}\\x41"`),
  'a vertical tab in front': inJson((json) => `\v${json}`),
  'a no-break space in front': inJson((json) => `\u00a0${json}`),
  'a prefix against hijacking': inJson((json) => `)]}',\n${json}`),
  'a call around it': inJson((json) => `callback(${json});`),
  'a byte order mark': inJson((json) => `\ufeff${json}`),
  'two byte order marks': inJson((json) => `\ufeff\ufeff${json}`),
  'a second JSON text behind': inJson((json) => `{"x":1}${json}`),
  'bytes behind the end': inJson((json) => `${json}\0\0`),
  'words behind the end': inJson((json, text) => `{"x":1} ${text} ${json.length}`),
  'a NUL in a string': inLiteral((text) => `"${text.slice(0, 14)}\\u0000${text.slice(14)}"`, ['injection']),
  'white space in front': inJson((json) => ' \n'.repeat(50_000) + json),
  'padding in front of the text': inValue((text) => `${' '.repeat(100_000)}${text}`),
  'words in front of the text': inValue((text) => `${'all is well with the plants in the garden '.repeat(400)}${text}`),
  'a large member in front': inJson((json) => json.replace('{', `{"padding":"${'x'.repeat(60_000)}",`)),
  'many members in front': inJson((json) =>
    json.replace('{', `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":1,`).join('')}`),
  ),
  'nested 100 deep': inValue((text) => nested(text, 100)),
  'nested 200 deep': inValue((text) => nested(text, 200)),
  'strings of JSON seven deep': textual((text) => {
    let made = text.replace('i', '\\u0069');
    for (let i = 0; i < 8; i++) made = JSON.stringify([made]);
    return made;
  }),
  'in a name': inValue((text) => ({ [text]: 1 })),
  'in a name far down': inValue((text) => [{ a: { [text]: [] } }]),
  'under __proto__': inJson((json, text) =>
    json.replace(/\}$/, `,"__proto__":{"constructor":${JSON.stringify(text)}}}`),
  ),
  'under an empty name': inValue((text) => ({ '': text })),
  'in a list of lists': inValue((text) => [[[text]]]),
  'in an object where a text is usual': inValue((text) => ({ value: { deep: text } })),
  'as a number': inLiteral((text) => digitsOf(text), ['card']),
  'as a number with an exponent': inLiteral((text) => `${digitsOf(text)}e0`, ['card']),
  'as a number with a point': inLiteral((text) => `${digitsOf(text)}.0`, ['card']),
  'as a negative number': inLiteral((text) => `-${digitsOf(text)}`, ['card']),
  'as a string of digits': inLiteral((text) => `"${digitsOf(text)}"`, ['card']),
  'as a list of numbers': inLiteral((text) => JSON.stringify(digitsOf(text).match(/.{4}/g)?.map(Number)), ['card']),
  'as a list of character codes': inValue((text) => [...Buffer.from(text)]),
  'split over parts': split('parts', (text) => pieces(text, 13)),
  'split over parts, a word each': split('parts', words),
  'split over messages': split('messages', (text) => pieces(text, 13)),
  'split over messages, a word each': split('messages', words),
  'split over parts, a letter each': split('parts', (text) => [...text]),
  'split over a list of strings': inValue((text) => pieces(text, 13)),
  'split over members': inValue((text) => Object.fromEntries(pieces(text, 13).map((piece, i) => [`p${i}`, piece]))),
  'split over members whose names are not numbered': inValue((text) => ({
    first: text.slice(0, 18),
    second: text.slice(18),
  })),
  'split over members, between two words': inValue((text) => {
    const cut = text.lastIndexOf(' ', text.length / 2);
    return { first: text.slice(0, cut), second: text.slice(cut + 1) };
  }),
  'split over members with others between': inValue((text) => ({
    first: text.slice(0, 18),
    level: 3,
    kind: 'note',
    tags: [],
    second: text.slice(18),
  })),
  'split over several members': inValue((text) =>
    Object.fromEntries(
      pieces(text, 13).map((piece, i) => [['north', 'east', 'south', 'west', 'up', 'down'][i], piece]),
    ),
  ),
  'a group of a number a member': inValue(
    (text) => {
      const [north, east, south, west] = text.match(/\d{4}/g) ?? [text];
      return { north, east, south, west };
    },
    ['card'],
  ),
  'a token in four members': inValue(
    (text) => {
      const [, north, east, south, west] = /([A-Z0-9]{5})([A-Z0-9]{5})([A-Z0-9]{5})([A-Z0-9]{5})/.exec(text) ?? [text];
      return { north, east, south, west };
    },
    ['token'],
  ),
  'a list of words': inValue((text) => text.split(' '), ['card', 'ssn', 'injection', 'scoped']),
  'split over a name without a space and its value': inValue(
    (text) => ({ [text.slice(12, 20)]: text.slice(20) }),
    ['token'],
  ),
  'split over a name and its value': inValue((text) => ({ [text.slice(0, 16)]: text.slice(16) })),
  'in the description of a tool': besideIt((description) => ({
    tools: [{ type: 'function', function: { name: 'f', description, parameters: { type: 'object' } } }],
  })),
  'in the schema of a tool': besideIt((description) => ({
    tools: [{ name: 'f', input_schema: { type: 'object', properties: { q: { type: 'string', description } } } }],
  })),
  'in the enumeration of a schema': besideIt((text) => ({
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { enum: ['a', text] } } },
  })),
  'in the name of a property of a schema': besideIt((text) => ({
    tools: [{ name: 'f', input_schema: { type: 'object', properties: { [text]: { type: 'string' } } } }],
  })),
  'in metadata': besideIt((note) => ({ metadata: { note } })),
  'in the name of the user': besideIt((user) => ({ user })),
  'in a stop sequence': besideIt((text) => ({ stop: ['END', text] })),
  'in the name of the model': besideIt((model) => ({ model })),
  'in a predicted answer': besideIt((content) => ({ prediction: { type: 'content', content } })),
  'in an unknown member': besideIt((text) => ({ x_internal: [{ raw: { v: text } }] })),
  'in the turn of the assistant': besideIt((content) => ({ messages: [{ role: 'assistant', content }] })),
  'in the result of a tool': besideIt((content) => ({ messages: [{ role: 'tool', tool_call_id: 'c', content }] })),
  'in an unknown role': besideIt((content) => ({ messages: [{ role: 'superuser', content }] })),
  'in a refusal': besideIt((refusal) => ({ messages: [{ role: 'assistant', content: null, refusal }] })),
  'in reasoning': besideIt((thinking) => ({
    messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking, signature: 's' }] }],
  })),
  'in the name of a file': besideIt((filename) => ({
    messages: [{ role: 'user', content: [{ type: 'file', file: { filename } }] }],
  })),
  'in a document': besideIt((data) => ({
    messages: [
      { role: 'user', content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data } }] },
    ],
  })),
  'in a system turn that the client wrote': {
    ...besideIt((content) => ({ messages: [{ role: 'system', content }] })),
    payloads: ['token', 'card', 'ssn', 'scoped'],
  },
};
