import type { PolicySnapshot } from '../../sidecar/inspection/inspect.js';
import type { Content, Evaluation } from '../../sidecar/kernel/evaluation.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import { createPolicy } from '../../sidecar/policy/policy.js';

/** A policy of one rule that blocks a word, or does what else is said. */
export function snapshotFor(word: string, action = 'block'): PolicySnapshot {
  const text = `name: words\nversion: "1"\nrules:
  - {id: WORD, title: a word, severity: low, action: ${action}, mask: hash, pattern: '${word}', examples: {no_match: [other]}}\n`;
  const sources = [{ name: 'words', file: 'words.yaml', text }];
  const settings = { shadow: false, onError: 'deny', gapActions: {}, maskKey: 'key' } as const;
  const packs = sources.flatMap((source) => loadPack(source).pack ?? []);
  return {
    policy: createPolicy(packs, settings),
    sources,
    settings,
    contentOptions: { credentialQueryNames: new Set() },
  };
}

export function evaluationOf(...content: Content[]): Evaluation {
  return {
    door: 'evaluate',
    direction: '',
    endpoint: '',
    route: 'other',
    tenant: '',
    content,
    gaps: [],
    requestId: '',
  };
}

export function bodyOf(text: string, bytes: number): Content {
  const json = JSON.stringify({ messages: [{ role: 'user', content: `${text} ${'x'.repeat(bytes)}` }] });
  // A view in the middle of a larger buffer, as bodies of gRPC messages are.
  const message = Buffer.concat([Buffer.from('before'), Buffer.from(json), Buffer.from('after')]);
  return { kind: 'body', bytes: message.subarray(6, -5), contentType: 'application/json', contentEncoding: '' };
}
