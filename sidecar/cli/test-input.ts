import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { reasonOf } from '../config/read-file.js';
import { JiminiError } from '../kernel/errors.js';
import type { Content } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import type { CliIo } from './cli-io.js';

/** What `jimini test` is to judge, as its options say it. */
export interface InputOptions {
  readonly text?: string;
  readonly file?: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
}

/** The content to judge, and the file that it stands in. */
export interface TestInput {
  readonly content: Content;
  /** Absent for standard input and for text of the command line. */
  readonly file?: string;
}

const DEFAULT_CONTENT_TYPE = 'application/json';

/** Reads the one input that the options name. Throws JIMINI_USAGE. */
export async function readTestInput(options: InputOptions, io: CliIo): Promise<TestInput> {
  const { text, file, body } = options;
  const given = [text, file, body].filter((value) => value !== undefined);
  if (given.length !== 1) throw usage('give one of --text, --file and --body');
  if (body === undefined && (options.contentType ?? options.contentEncoding) !== undefined) {
    throw usage('--content-type and --content-encoding belong to --body');
  }
  if (text !== undefined && text !== '-') return { content: { kind: 'text', text } };
  const name = file ?? body ?? '-';
  const bytes = await readInput(name, io);
  return { content: contentOf(bytes, options, name), ...(name === '-' ? {} : { file: name }) };
}

function contentOf(bytes: Uint8Array, options: InputOptions, name: string): Content {
  if (options.body === undefined) return { kind: 'text', text: decodeText(bytes, name) };
  const { contentType = DEFAULT_CONTENT_TYPE, contentEncoding = '' } = options;
  return { kind: 'body', bytes, contentType, contentEncoding };
}

/** A byte order mark is kept: what is judged has the offsets of the file. */
function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(`${name}: not valid UTF-8; use --body to judge it as bytes`);
  }
}

async function readInput(name: string, io: CliIo): Promise<Uint8Array> {
  if (name === '-') return readAll(io.stdin, 'standard input');
  try {
    const handle = await open(resolve(io.directory, name), 'r');
    return await readAll(handle.createReadStream(), name);
  } catch (error) {
    if (error instanceof JiminiError) throw error;
    throw usage(`${name}: ${reasonOf(error)}`);
  }
}

async function readAll(stream: Readable, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
    bytes += piece.length;
    if (bytes > LIMITS.bodyBytesMax) throw usage(`${name}: larger than ${LIMITS.bodyBytesMax} bytes`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

function usage(message: string): JiminiError {
  return new JiminiError('JIMINI_USAGE', message);
}
