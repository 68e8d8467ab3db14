import type { Reading } from '../../sidecar/content/draft.js';
import { readContent } from '../../sidecar/content/read-content.js';

/** Reads one body as a door would hand it over. */
export function readTestBody(
  body: string | Uint8Array,
  headers: { contentType?: string; contentEncoding?: string; messageEncoding?: string } = {},
): Reading {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const { contentType = 'application/json', contentEncoding = '', messageEncoding = '' } = headers;
  const content = { kind: 'body', bytes, contentType, contentEncoding, messageEncoding } as const;
  return readContent([content], { credentialQueryNames: new Set() });
}
