import type { Reading } from '../../sidecar/content/draft.js';
import { readContent } from '../../sidecar/content/read-content.js';

/** Reads one body as a door would hand it over. */
export function readTestBody(
  body: string | Uint8Array,
  headers: { contentType?: string; contentEncoding?: string } = {},
): Reading {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const { contentType = 'application/json', contentEncoding = '' } = headers;
  return readContent([{ kind: 'body', bytes, contentType, contentEncoding }], { credentialQueryNames: new Set() });
}
