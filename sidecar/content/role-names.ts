import type { Role } from '../kernel/evaluation.js';

/**
 * Role names of the chat completions API; `function` is the older name of `tool`, `model` is Gemini's assistant, `agent`
 * and `ROLE_AGENT` are those of Agent2Agent, and those in capitals are Cohere's. Any other counts as `user`.
 */
export const ROLE_OF_NAME: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['system', 'system'],
  ['developer', 'developer'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['model', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
  ['agent', 'assistant'],
  ['ROLE_AGENT', 'assistant'],
  ['SYSTEM', 'system'],
  ['CHATBOT', 'assistant'],
  ['TOOL', 'tool'],
]);

/** Who may say a result: an answer of a model that another program asked for is no tool's. */
export const PEERS: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['agent', 'assistant'],
  ['ROLE_AGENT', 'assistant'],
]);

/** Items of OpenAI responses, and of Mistral conversations, that no role stands in and that hold what came from outside. */
export const TOOL_TYPES: ReadonlySet<string> = new Set([
  'function_call_output',
  'custom_tool_call_output',
  'computer_call_output',
  'local_shell_call_output',
  'shell_call_output',
  'apply_patch_call_output',
  'mcp_call',
  'function.result',
]);

/** Types of Anthropic's blocks within a message of whoever: `tool_result`, `web_search_tool_result` and the like. */
export const TOOL_BLOCK_TYPE = /(?:^|_)tool_result$/;
/** Members of a part of a message that hold a result: of Bedrock's Converse, and of Gemini. */
export const TOOL_BLOCK_MEMBERS: ReadonlySet<string> = new Set(['toolResult', 'functionResponse', 'function_response']);
