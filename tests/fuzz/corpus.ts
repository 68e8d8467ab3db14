import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { casesOf, TECHNIQUES } from '../evasion/cases.js';
import { repositoryRoot } from '../processes/sidecar.js';

/** A body with the headers that say how to read it. */
export interface FuzzBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** Longer ones are left out: they are there to be long, and repeating pieces makes long ones anyway. */
const BYTES_MAX = 4096;

interface Golden {
  readonly body?: string;
  readonly bodyHex?: string;
  readonly contentType: string;
  readonly contentEncoding?: string;
}

/** Every body of `tests/content/cases` and of the ways around the guard: all formats, and what is odd in each. */
export function corpus(): readonly FuzzBody[] {
  const folder = join(repositoryRoot, 'tests', 'content', 'cases');
  const golden = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as readonly Golden[])
    .map(({ body = '', bodyHex, contentType, contentEncoding = '' }) => ({
      bytes: bodyHex === undefined ? Buffer.from(body) : Buffer.from(bodyHex, 'hex'),
      contentType,
      contentEncoding,
    }));
  const evasive = TECHNIQUES.flatMap(casesOf).map(({ twin: { body, headers } }) => {
    const header = (wanted: string) => headers.flatMap(([name, value]) => (name === wanted ? [value] : [])).join(',');
    return { bytes: body, contentType: header('content-type'), contentEncoding: header('content-encoding') };
  });
  return [...golden, ...evasive].filter(({ bytes }) => bytes.length > 0 && bytes.length <= BYTES_MAX);
}
