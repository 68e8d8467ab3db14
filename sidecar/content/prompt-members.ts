// Members of a whole request that hold what is said to a model, by the public API references of those named below.

/** Lists whose items name their speaker: OpenAI chat completions and Anthropic, OpenAI responses, Gemini. A request has one of them. */
export const TURNS: ReadonlySet<string> = new Set(['messages', 'input', 'contents']);

/**
 * Members that give the model its instructions, and those of which such a request has one too:
 * Anthropic Messages, Amazon Bedrock Converse and Ollama (`system`), OpenAI Responses (`instructions`), Gemini in both
 * spellings, Cohere chat (`preamble`). By itself such a name may mean anything.
 */
export const INSTRUCTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['system', ['messages', 'prompt']],
  ['instructions', ['input']],
  ['systemInstruction', ['contents']],
  ['system_instruction', ['contents']],
  ['preamble', ['message']],
]);

/** Others: completions, Cohere chat, OpenAI responses. */
export const OTHER_SPOKEN: ReadonlySet<string> = new Set(['prompt', 'message', 'chat_history', 'conversation']);
