/** Operations of OpenAI's API, behind its version. Many servers speak it. */
const OPENAI = [
  'chat/completions',
  'completions',
  'responses',
  'embeddings',
  'moderations',
  'models',
  'files',
  'batches',
  'conversations',
  'images/generations',
  'images/edits',
  'images/variations',
  'audio/speech',
  'audio/transcriptions',
  'audio/translations',
  'realtime',
  'realtime/client_secrets',
  'assistants',
  'threads',
  'threads/runs',
  'rerank',
];

/** Where the operations of OpenAI begin: its own, Azure's and Groq's, OpenRouter's, Gemini's. */
const OPENAI_BASES = ['/v1', '/openai/v1', '/api/v1', '/v1beta/openai'];

/** Paths of known LLM APIs, and our own. Requests to anything else are counted together. */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  ...OPENAI_BASES.flatMap((base) => OPENAI.map((operation) => `${base}/${operation}`)),
  // DeepSeek and Perplexity have no version.
  '/chat/completions',
  // Azure OpenAI.
  '/openai/responses',
  '/openai/files',
  '/openai/batches',
  // Anthropic.
  '/v1/complete',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/messages/batches',
  // Cohere.
  '/v1/chat',
  '/v2/chat',
  '/v2/embed',
  '/v2/rerank',
  // Mistral.
  '/v1/fim/completions',
  '/v1/agents/completions',
  '/v1/ocr',
  // Ollama.
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
  // Text Generation Inference.
  '/generate',
  '/generate_stream',
  '/mcp',
  '/v1/evaluate',
]);

/** What Gemini and Vertex AI do with a model: the method behind the colon (google.aip.dev/136). */
const GOOGLE_METHODS = [
  'generateContent',
  'streamGenerateContent',
  'batchGenerateContent',
  'countTokens',
  'computeTokens',
  'embedContent',
  'batchEmbedContents',
  'generateAnswer',
  'predict',
  'rawPredict',
  'streamRawPredict',
  'serverStreamingPredict',
  'predictLongRunning',
];
const METHOD = `(${GOOGLE_METHODS.join('|')})`;
const NAME = '[^/]+';
const GOOGLE_VERSION = '/v1(?:beta1?|alpha)?';

/**
 * Paths with names in the middle, and the label that all of them get: up to the operation, which is the one group of the
 * path and comes from a closed list.
 */
const KNOWN_SHAPES: readonly (readonly [shape: RegExp, label: string])[] = [
  // Azure OpenAI (learn.microsoft.com/azure/ai-foundry/openai/reference).
  [new RegExp(`^/openai/deployments/${NAME}/(${OPENAI.join('|')})$`), '/openai/deployments/*/'],
  // Gemini (ai.google.dev/api).
  [new RegExp(`^${GOOGLE_VERSION}/(?:tunedM|m)odels/[^/:]+:${METHOD}$`), '/v1/models/*:'],
  // Vertex AI (cloud.google.com/vertex-ai/generative-ai/docs/reference/rest-rpc); its express mode names no project.
  [
    new RegExp(
      `^${GOOGLE_VERSION}/(?:projects/${NAME}/locations/${NAME}/)?publishers/${NAME}/models/[^/:]+:${METHOD}$`,
    ),
    '/v1/publishers/*/models/*:',
  ],
  [new RegExp(`^${GOOGLE_VERSION}/projects/${NAME}/locations/${NAME}/endpoints/[^/:]+:${METHOD}$`), '/v1/endpoints/*:'],
  [
    new RegExp(`^${GOOGLE_VERSION}/projects/${NAME}/locations/${NAME}/endpoints/${NAME}/(chat/completions)$`),
    '/v1/endpoints/*/',
  ],
  // Amazon Bedrock (docs.aws.amazon.com/bedrock/latest/APIReference); streams are the same operation.
  [
    new RegExp(
      `^/model/${NAME}/(converse|invoke|count-tokens)(?:(?<=converse)-stream|(?<=invoke)-with-response-stream)?$`,
    ),
    '/model/*/',
  ],
];

/**
 * Label of a normalised path for records and metrics: from a closed list, else `other`. Never the name of a model, a
 * deployment or a project.
 */
export function apiPathLabel(path: string): string {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  if (KNOWN_PATHS.has(bare)) return bare;
  for (const [shape, label] of KNOWN_SHAPES) {
    const operation = shape.exec(bare)?.[1];
    if (operation !== undefined) return label + operation;
  }
  return 'other';
}
