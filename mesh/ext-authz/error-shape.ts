/** Whose errors a denial is written like, so that the SDK of the caller raises its own permission error with our message. */
export type ErrorShape = 'openai' | 'anthropic' | 'google' | 'bedrock' | 'ollama' | 'grpc';

/**
 * Paths of APIs with errors of their own, perhaps behind a prefix that a gateway adds. Everything else, Azure OpenAI and
 * Google's own OpenAI endpoint among it, gets OpenAI's errors.
 */
const SHAPES: readonly (readonly [path: RegExp, shape: ErrorShape])[] = [
  [/\/v1\/(?:messages|complete)(?:\/|$)/, 'anthropic'],
  // Gemini and Vertex AI: `models/NAME:METHOD` (google.aip.dev/136), and what else Gemini has under its own versions.
  [/\/models\/[^/]+:[A-Za-z]+$/, 'google'],
  [/^(?:\/upload)?\/v1(?:beta|alpha)\/(?!openai\/)/, 'google'],
  [/^\/model\/[^/]+\/(?:invoke|converse)/, 'bedrock'],
  [/^\/api\/(?:chat|generate|embed|embeddings)$/, 'ollama'],
];

/** The shape for a caller of a normalised path. Only the path counts: which API a client speaks is no secret to protect. */
export function errorShapeOf(path: string, contentType: string): ErrorShape {
  if (isGrpc(contentType)) return 'grpc';
  return SHAPES.find(([pattern]) => pattern.test(path))?.[1] ?? 'openai';
}

/**
 * Whether Envoy takes the caller for a gRPC client, and so puts the body of a denial into its status message: exactly
 * this, case and all (envoyproxy/envoy, source/common/grpc/common.cc). gRPC-Web is not among it.
 */
function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:\+|$)/.test(contentType);
}
