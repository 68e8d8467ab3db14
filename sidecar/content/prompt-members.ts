// Members of a whole request that hold what is said to a model, by the public API references of those named below.

/**
 * Lists whose items name their speaker: OpenAI chat completions and Anthropic, OpenAI responses, Gemini, Mistral
 * conversations, Cohere chat, OpenAI runs and conversations. A request has one of them.
 */
export const TURNS: ReadonlySet<string> = new Set([
  'messages',
  'input',
  'contents',
  'inputs',
  'chat_history',
  'additional_messages',
  'items',
]);

/** Members that hold one message or its parts: Agent2Agent, Gemini embedContent, results of the Model Context Protocol. */
export const SINGLE_TURNS: readonly string[] = ['message', 'content'];

/**
 * Members that give the model its instructions, and those of which such a request has one too:
 * Anthropic Messages, Amazon Bedrock Converse and Ollama (`system`), OpenAI responses, assistants, runs and realtime
 * sessions and Mistral conversations (`instructions`), Gemini in both spellings, Cohere chat (`preamble`). By itself such
 * a name may mean anything.
 */
export const INSTRUCTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['system', ['messages', 'prompt']],
  ['instructions', ['input', 'inputs', 'model', 'assistant_id']],
  ['additional_instructions', ['assistant_id']],
  ['systemInstruction', ['contents']],
  ['system_instruction', ['contents']],
  ['preamble', ['message']],
]);

/**
 * Others: completions; OpenAI responses and image edits; Anthropic (`container`); Mistral OCR (`document`); Vertex AI
 * (`image`, `video`); Amazon Bedrock CountTokens (`invokeModel`).
 */
export const OTHER_SPOKEN: ReadonlySet<string> = new Set([
  'prompt',
  'conversation',
  'images',
  'mask',
  'container',
  'document',
  'image',
  'video',
  'invokeModel',
]);
