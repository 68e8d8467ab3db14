import type { Encoding, FormatRequest, TextField, Tree } from './formats.js';
import { type Fields, frameOf, protobufOf } from './grpc-bodies.js';

const BOUNDARY = 'b0undary';

const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  lines: 'application/jsonl',
  form: 'application/x-www-form-urlencoded',
  multipart: `multipart/form-data; boundary=${BOUNDARY}`,
  text: 'text/plain',
  bytes: 'application/octet-stream',
  grpc: 'application/grpc',
  'grpc-json': 'application/grpc+json',
  'grpc-web': 'application/grpc-web+proto',
  'grpc-web-text': 'application/grpc-web-text+proto',
  protobuf: 'application/proto',
};

export function contentTypeOf({ encoding = 'json', contentType }: FormatRequest): string {
  return contentType ?? CONTENT_TYPES[encoding];
}

/** The bytes of a golden body. */
export function bytesOf({ encoding = 'json', body }: FormatRequest): Buffer {
  switch (encoding) {
    case 'json':
      return Buffer.from(JSON.stringify(body));
    case 'lines':
      return Buffer.from(linesOf(body));
    case 'form':
      return Buffer.from(new URLSearchParams(body as Record<string, string>).toString());
    case 'multipart':
      return Buffer.concat([...partsOf(body).map(partBytes), Buffer.from(`--${BOUNDARY}--\r\n`)]);
    case 'text':
    case 'bytes':
      return valueBytes(body);
    case 'protobuf':
      return protobufOf(body as Fields);
    case 'grpc-json':
      return Buffer.concat((body as readonly Tree[]).map((message) => frameOf(JSON.stringify(message))));
    case 'grpc-web-text':
      return Buffer.from(framesOf(body).toString('base64'));
    default:
      return framesOf(body);
  }
}

/** Where the reader says that a field stands. */
export function pointerOf({ encoding = 'json', body }: FormatRequest, { at }: Pick<TextField, 'at'>): string {
  switch (encoding) {
    case 'form':
      return `form:${at}`;
    case 'multipart': {
      const [, part = '', member, ...rest] = at.split('/');
      const { name = '' } = partsOf(body)[Number(part)] ?? {};
      return `form:/${[name, ...rest].join('/')}${member === 'filename' ? '#' : ''}`;
    }
    case 'grpc-json':
      return `grpc:${at}`;
    case 'protobuf':
      return `proto:${fieldNumbers(body, at.split('/').slice(1))}`;
    case 'grpc':
    case 'grpc-web':
    case 'grpc-web-text': {
      const [, message = '', ...numbers] = at.split('/');
      return `grpc:/${message}${fieldNumbers((body as readonly Tree[])[Number(message)] as Tree, numbers)}`;
    }
    default:
      return at;
  }
}

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly type?: string;
  readonly value: Tree;
}

function partsOf(body: Tree): readonly Part[] {
  return (body as unknown as readonly (Part | null)[]).filter((part) => part !== null);
}

function partBytes({ name, filename, type, value }: Part): Buffer {
  const head = [
    `Content-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
  ];
  return Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\n${head.join('\r\n')}\r\n\r\n`),
    valueBytes(value),
    Buffer.from('\r\n'),
  ]);
}

/** A text as it is, a list as lines of JSON, `base64` as the bytes that it stands for, another object as JSON. */
function valueBytes(value: Tree): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (Array.isArray(value)) return Buffer.from(linesOf(value));
  const { base64 } = (value ?? {}) as { readonly base64?: string };
  return base64 === undefined ? Buffer.from(JSON.stringify(value)) : Buffer.from(base64, 'base64');
}

function linesOf(body: Tree): string {
  return (body as readonly Tree[]).map((line) => `${JSON.stringify(line)}\n`).join('');
}

function framesOf(body: Tree): Buffer {
  return Buffer.concat((body as unknown as readonly Fields[]).map((message) => frameOf(protobufOf(message))));
}

/** In a message whose field 2 is a list, `2/1/3` is `/2.1/3`: a field that is repeated has its number and its count. */
function fieldNumbers(message: Tree, [number, ...rest]: readonly string[]): string {
  if (number === undefined) return '';
  const value = (message as { readonly [number: string]: Tree })[number] ?? null;
  if (!Array.isArray(value)) return `/${number}${fieldNumbers(value, rest)}`;
  const [count = '0', ...inner] = rest;
  return `/${number}${count === '0' ? '' : `.${count}`}${fieldNumbers(value[Number(count)] as Tree, inner)}`;
}
