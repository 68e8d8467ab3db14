import { GAP_KINDS } from '../../sidecar/kernel/gap.js';
import { pointerOf } from './format-bodies.js';
import { type Field, type Format, type FormatRequest, isTextField } from './formats.js';

const INTRODUCTION = `# What is read of which request

Written from \`tests/content/formats/\`, whose every row is tried; do not edit by hand.

Every string and every name of a JSON body is judged, known API or not: the tables below say with which role, and what
cannot be read and is named as a gap instead, with what happens by default (\`policy.gaps\` changes it). A role matters
to rules against injection, which do not judge \`system\` and \`developer\`. \`[]\` is any element of a list.
`;

const WRITTEN = {
  none: '',
  base64: ', in base64',
  'data-url': ', in a `data:` URL',
  json: ', as JSON in a string',
} as const;

/** The text of docs/formats.md. */
export function formatsDoc(formats: readonly Format[]): string {
  return `${[INTRODUCTION, ...formats.map(section)].join('\n').trimEnd()}\n`;
}

function section({ title, source, requests }: Format): string {
  return `## ${title}\n\nAfter <${source}>.\n\n${requests.map(table).join('\n')}`;
}

function table(request: FormatRequest): string {
  const { title, path, encoding = 'json', gaps = [], fields } = request;
  const rows = [...new Set(fields.map((field) => `| ${nameOf(request, field)} | ${readingOf(field)} |`))];
  const always = gaps.map((kind) => `| the body | ${gapText(kind)} |`);
  const head = `### ${title}\n\n\`POST ${path}\`${encoding === 'json' ? '' : `, ${ENCODINGS[encoding]}`}\n`;
  return `${head}\n| field | read as |\n| --- | --- |\n${[...always, ...rows].join('\n')}\n`;
}

const ENCODINGS: Readonly<Record<Exclude<NonNullable<FormatRequest['encoding']>, 'json'>, string>> = {
  lines: 'one JSON text a line',
  form: '`application/x-www-form-urlencoded`',
  multipart: '`multipart/form-data`',
  text: '`text/plain`',
  bytes: 'a file',
  grpc: '`application/grpc`; fields by number',
  'grpc-json': '`application/grpc+json`',
  'grpc-web': '`application/grpc-web`; fields by number',
  'grpc-web-text': '`application/grpc-web-text`; fields by number',
  protobuf: '`application/proto`; fields by number',
};

function nameOf(request: FormatRequest, field: Field): string {
  const [, ...tokens] = field.at.split('/');
  const note = field.note === undefined ? '' : ` (${field.note})`;
  switch (request.encoding ?? 'json') {
    case 'lines':
    case 'grpc-json':
      return `\`${dotted(tokens.slice(1))}\`${note}`;
    case 'multipart': {
      const [part = '', , ...rest] = tokens;
      const { name } = (request.body as unknown as readonly { readonly name: string }[])[Number(part)] ?? { name: '' };
      return `\`${dotted([name, ...rest])}\`${note}`;
    }
    case 'grpc':
    case 'grpc-web':
    case 'grpc-web-text':
    case 'protobuf':
      return `\`${pointerOf(request, field)
        .split('/')
        .slice(request.encoding === 'protobuf' ? 1 : 2)
        .join('.')}\`${note}`;
    default:
      return tokens.length === 0 ? 'the body' : `\`${dotted(tokens)}\`${note}`;
  }
}

function dotted(tokens: readonly string[]): string {
  return tokens.map((token, index) => (/^\d+$/.test(token) ? '[]' : `${index === 0 ? '' : '.'}${token}`)).join('');
}

function readingOf(field: Field): string {
  return isTextField(field) ? `text${WRITTEN[field.in ?? 'none']}, role \`${field.role}\`` : gapText(field.gap);
}

function gapText(kind: keyof typeof GAP_KINDS): string {
  return `gap \`${kind}\` (${GAP_KINDS[kind].action})`;
}
