import type { GapKind } from '../kernel/gap.js';
import { uninspectableGap } from './media-type.js';
import { INSTRUCTIONS, OTHER_SPOKEN, SINGLE_TURNS, TURNS } from './prompt-members.js';

// Members of JSON bodies that hold something else than text, by the public API references of those named.

/** Judges the string of one member by its text and the name of the object that it stands in; `LIST[]` for an element of a list. */
type StringRule = (text: string, owner: string) => GapKind | undefined;

/** Members of a request that hold what is said. Elsewhere (tool definitions, metadata) the names below mean nothing. */
export const SPOKEN_MEMBERS: ReadonlySet<string | number> = new Set([
  ...TURNS,
  ...SINGLE_TURNS,
  ...INSTRUCTIONS.keys(),
  ...OTHER_SPOKEN,
]);

/**
 * Members of a whole request that refer to content kept by the provider: OpenAI responses and runs (`assistant_id`),
 * batches (`input_file_id`), fine-tuning; Gemini; Mistral (`agent_id`); Cohere (`conversation_id`); Anthropic (`container`).
 */
export const REFERENCES: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['previous_response_id', 'reference:previous_response'],
  ['conversation', 'reference:previous_response'],
  ['conversation_id', 'reference:previous_response'],
  ['cachedContent', 'reference:cache'],
  ['cached_content', 'reference:cache'],
  ['assistant_id', 'reference:prompt'],
  ['agent_id', 'reference:prompt'],
  ['input_file_id', 'reference:file'],
  ['training_file', 'reference:file'],
  ['validation_file', 'reference:file'],
  ['container', 'reference:file'],
]);

/**
 * Members whose string stands for content that is not text: OpenAI (chat completions: `image_url {url}`, `input_audio
 * {data}`, `file {file_id}`, `audio {id}`; Responses: `image_url`, `file_url`, `item_reference`, `encrypted_content`), Amazon Bedrock (`s3Location {uri}`), vLLM (`audio_url`, `video_url`), Mistral (`document_url`),
 * Anthropic (`source {url}`, `redacted_thinking`), Gemini (`fileData {fileUri}`), Vertex AI (`gcsUri`), the Model Context
 * Protocol (`resource_link`, `mimeType`) and Agent2Agent (`file {uri}`, `url`, `mediaType`, `contextId`, `taskId`).
 */
export const STRINGS: ReadonlyMap<string | number, StringRule> = new Map<string, StringRule>([
  ['url', (text, owner) => (URL_MEMBERS.has(owner) ? byUrl(text, owner) : undefined)],
  ['image_url', (text) => byUrl(text, 'image_url')],
  ['audio_url', (text) => byUrl(text, 'audio_url')],
  ['video_url', (text) => byUrl(text, 'video_url')],
  ['file_url', (text) => byUrl(text, 'file_url')],
  ['document_url', (text) => byUrl(text, 'document_url')],
  ['data', (_text, owner) => (owner === 'input_audio' ? 'uninspectable:audio' : undefined)],
  ['file_id', () => 'reference:file'],
  ['file_uri', () => 'reference:file'],
  ['fileUri', () => 'reference:file'],
  ['gcsUri', () => 'reference:file'],
  ['mimeType', (text, owner) => (TYPE_OWNERS.has(owner) ? uninspectableGap(text.toLowerCase()) : undefined)],
  ['mediaType', (text, owner) => (TYPE_OWNERS.has(owner) ? uninspectableGap(text.toLowerCase()) : undefined)],
  ['uri', (_text, owner) => URI_OWNERS.get(owner)],
  ['type', (text) => TYPES.get(text)],
  ['id', (_text, owner) => ID_OWNERS.get(owner)],
  ['encrypted_content', () => 'reference:previous_response'],
  ['contextId', (_text, owner) => (owner === 'message' ? 'reference:previous_response' : undefined)],
  ['taskId', (_text, owner) => (owner === 'message' ? 'reference:previous_response' : undefined)],
]);

/** Objects that hold a file in base64, in one of these members, and may state its type: Anthropic and Bedrock, Gemini, OpenAI and Agent2Agent, MCP, Bedrock CountTokens. */
export const FILE_OWNERS: ReadonlySet<string | number> = new Set([
  'source',
  'inlineData',
  'inline_data',
  'file',
  'resource',
  'invokeModel',
]);
export const FILE_MEMBERS: ReadonlyMap<string | number, 'base64' | 'type' | 'kind'> = new Map([
  ['data', 'base64'],
  ['bytes', 'base64'],
  ['blob', 'base64'],
  ['file_data', 'base64'],
  ['body', 'base64'],
  ['media_type', 'type'],
  ['mime_type', 'type'],
  ['mimeType', 'type'],
  ['type', 'kind'],
]);
/** Members that hold such a file whatever they stand in: OpenAI responses, Vertex AI, Agent2Agent, MCP. */
export const FILE_STRINGS: ReadonlySet<string | number> = new Set(['file_data', 'bytesBase64Encoded', 'raw', 'blob']);

/** Lists of strings: Ollama (`images`), OpenAI (attached files and stores), Agent2Agent. */
export const LISTS: ReadonlyMap<string | number, (text: string) => GapKind> = new Map<
  string,
  (text: string) => GapKind
>([
  ['images', (text) => byUrl(text, 'images') ?? 'uninspectable:image'],
  ['file_ids', () => 'reference:file'],
  ['vector_store_ids', () => 'reference:file'],
  ['referenceTaskIds', () => 'reference:previous_response'],
]);
/** Members of a request, besides what is said, that may hold such lists. */
export const LIST_MEMBERS: ReadonlySet<string | number> = new Set(['tools', 'tool_resources']);

/** Lists of numbers that stand for text: tokens (OpenAI completions and embeddings, vLLM), or an earlier answer (Ollama). */
export const TOKEN_LISTS: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['prompt', 'uninspectable:binary'],
  ['input', 'uninspectable:binary'],
  ['prompt_token_ids', 'uninspectable:binary'],
  ['context', 'reference:previous_response'],
]);

/** What the content is when a member that should hold a URL holds something else. */
const URL_MEMBERS: ReadonlyMap<string, GapKind> = new Map<string, GapKind>([
  ['image_url', 'uninspectable:image'],
  ['audio_url', 'uninspectable:audio'],
  ['video_url', 'uninspectable:video'],
  ['file_url', 'uninspectable:binary'],
  ['document_url', 'uninspectable:binary'],
  ['images', 'uninspectable:image'],
  ['source', 'uninspectable:binary'],
  ['parts[]', 'uninspectable:binary'],
]);

const ID_OWNERS: ReadonlyMap<string, GapKind> = new Map<string, GapKind>([
  ['audio', 'reference:previous_response'],
  ['conversation', 'reference:previous_response'],
  ['prompt', 'reference:prompt'],
  ['container', 'reference:file'],
]);

const URI_OWNERS: ReadonlyMap<string, GapKind> = new Map<string, GapKind>([
  ['s3Location', 'reference:file'],
  ['file', 'reference:url'],
]);

const TYPES: ReadonlyMap<string, GapKind> = new Map<string, GapKind>([
  ['item_reference', 'reference:previous_response'],
  ['redacted_thinking', 'reference:previous_response'],
  ['resource_link', 'reference:url'],
]);

const TYPE_OWNERS: ReadonlySet<string> = new Set(['content', 'content[]', 'contents[]', 'parts[]']);

function byUrl(text: string, member: string): GapKind | undefined {
  return /^[a-z][a-z0-9+.-]{0,255}:/i.test(text.trimStart()) ? 'reference:url' : URL_MEMBERS.get(member);
}
