import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../tests/processes/sidecar.js';
import { chatText } from './prompt.js';

const FILES = ['code', 'json', 'french', 'russian', 'chinese', 'log'] as const;

/** Ordinary texts of several kinds by name, each cut to at most so many bytes of UTF-8; `chat` is the one that goals are about. */
export function ordinaryTexts(bytes: number): ReadonlyMap<string, string> {
  const read = (name: string) => readFileSync(join(repositoryRoot, 'bench', 'texts', `${name}.txt`));
  return new Map([['chat', chatText(bytes)], ...FILES.map((name) => [name, cut(read(name), bytes)] as const)]);
}

function cut(text: Buffer, bytes: number): string {
  let end = Math.min(bytes, text.length);
  // Not within a character: bytes of the form 10xxxxxx continue one (RFC 3629 3).
  while (end < text.length && ((text[end] as number) & 0xc0) === 0x80) end--;
  return text.toString('utf8', 0, end);
}
