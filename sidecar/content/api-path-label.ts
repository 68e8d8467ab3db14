/** Paths of known LLM APIs, and our own. Requests to anything else are counted together. */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  // OpenAI and the many servers that speak its API.
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/embeddings',
  '/v1/moderations',
  '/v1/models',
  '/v1/files',
  '/v1/batches',
  '/v1/conversations',
  '/v1/images/generations',
  '/v1/images/edits',
  '/v1/audio/speech',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/realtime',
  '/v1/rerank',
  // Anthropic.
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/messages/batches',
  // Ollama.
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/mcp',
  '/v1/evaluate',
]);

/** Paths with a name in the middle, and the one label that all of them get. */
const KNOWN_SHAPES: readonly (readonly [shape: RegExp, label: string])[] = [
  // Azure OpenAI.
  [/^\/openai\/deployments\/[^/]+\/chat\/completions$/, '/openai/deployments/*/chat/completions'],
  [/^\/openai\/deployments\/[^/]+\/completions$/, '/openai/deployments/*/completions'],
  [/^\/openai\/deployments\/[^/]+\/embeddings$/, '/openai/deployments/*/embeddings'],
  // Gemini.
  [/^\/v1(?:beta)?\/models\/[^/:]+:generateContent$/, '/v1/models/*:generateContent'],
  [/^\/v1(?:beta)?\/models\/[^/:]+:streamGenerateContent$/, '/v1/models/*:streamGenerateContent'],
  // Amazon Bedrock.
  [/^\/model\/[^/]+\/converse(?:-stream)?$/, '/model/*/converse'],
  [/^\/model\/[^/]+\/invoke(?:-with-response-stream)?$/, '/model/*/invoke'],
];

/** Label of a normalised path for records and metrics: from a closed list, else `other`. Never a part of the path itself. */
export function apiPathLabel(path: string): string {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  if (KNOWN_PATHS.has(bare)) return bare;
  return KNOWN_SHAPES.find(([shape]) => shape.test(bare))?.[1] ?? 'other';
}
