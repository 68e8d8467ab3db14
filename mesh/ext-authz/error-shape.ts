/** Whose errors a denial is written like, so that the SDK of the caller raises its own permission error with our message. */
export type ErrorShape = 'openai' | 'anthropic' | 'google' | 'bedrock' | 'cohere' | 'ollama' | 'tgi' | 'mcp';

/**
 * Paths of APIs with errors of their own, perhaps behind a prefix that a gateway adds. Everything else, Azure OpenAI and
 * Google's own OpenAI endpoint among it, gets OpenAI's errors.
 */
const SHAPES: readonly (readonly [path: RegExp, shape: ErrorShape])[] = [
  [/\/v1\/(?:messages|complete)(?:\/|$)/, 'anthropic'],
  // Gemini and Vertex AI: `models/NAME:METHOD` (google.aip.dev/136), and what else Gemini has under its own versions.
  [/\/models\/[^/]+:[A-Za-z]+$/, 'google'],
  [/^(?:\/upload)?\/v1(?:beta|alpha)\/(?!openai\/)/, 'google'],
  [/^\/model\/[^/]+\/(?:invoke|converse|count-tokens)/, 'bedrock'],
  // `rerank` is an operation of servers that speak OpenAI too, so that only Cohere's second version counts.
  [/\/v1\/(?:chat|generate|embed|classify|summarize|tokenize|detokenize)$/, 'cohere'],
  [/\/v2\/(?:chat|embed|rerank)$/, 'cohere'],
  [/^\/api\/(?:chat|generate|embed|embeddings|show|pull|push|create|copy|delete)$/, 'ollama'],
  [/^\/(?:generate|generate_stream|chat_tokenize)$/, 'tgi'],
  [/\/mcp(?:\/|$)/, 'mcp'],
];

/** The shape for a caller of a normalised path. Only the path counts: which API a client speaks is no secret to protect. */
export function errorShapeOf(path: string): ErrorShape {
  return SHAPES.find(([pattern]) => pattern.test(path))?.[1] ?? 'openai';
}

/**
 * The media type in which a caller of gRPC or gRPC-Web expects its answer; undefined = it is none. The type is one of a few,
 * whatever follows it in the header. Source: github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md and doc/PROTOCOL-WEB.md.
 */
export function grpcTypeOf(contentType: string): string | undefined {
  return /^application\/grpc(?:-web(?:-text)?)?(?:\+(?:proto|json))?(?=[+;\s]|$)/i.exec(contentType)?.[0].toLowerCase();
}
