import type { GapKind } from '../kernel/gap.js';
import type { JsonPlace } from './json-walk.js';
import { uninspectableGap } from './media-type.js';
import { INSTRUCTIONS, OTHER_SPOKEN, TURNS } from './prompt-members.js';

/** Judges the string of one member by its text and the name of the object that it stands in. */
type Carrier = (text: string, owner: string | number) => GapKind | undefined;

/** Members of a request body that hold what is said. Elsewhere (tool definitions, metadata) the names below mean nothing. */
const SPOKEN_MEMBERS: ReadonlySet<string | number> = new Set([...TURNS, ...INSTRUCTIONS.keys(), ...OTHER_SPOKEN]);

/** Members of a whole request that refer to content kept by the provider. */
const REFERENCES: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['previous_response_id', 'reference:previous_response'],
  ['conversation', 'reference:previous_response'],
  ['cachedContent', 'reference:cache'],
  ['cached_content', 'reference:cache'],
]);

/**
 * Members whose string stands for content that is not text. Names from the public API references of OpenAI (chat
 * completions: `image_url {url}`, `input_audio {data}`, `file {file_id, file_data}`, `audio {id}`; Responses:
 * `image_url`, `file_url`, `item_reference`), Amazon Bedrock (`source {bytes, s3Location {uri}}`), vLLM (`audio_url`, `video_url`), Anthropic (`source {media_type, url}`) and Gemini
 * (`inlineData {mimeType}`, `fileData {fileUri}`).
 */
const CARRIERS: ReadonlyMap<string | number, Carrier> = new Map<string, Carrier>([
  ['url', (text, owner) => (URL_MEMBERS.has(owner) ? byUrl(text, owner) : undefined)],
  ['image_url', (text) => byUrl(text, 'image_url')],
  ['audio_url', (text) => byUrl(text, 'audio_url')],
  ['video_url', (text) => byUrl(text, 'video_url')],
  ['file_url', (text) => byUrl(text, 'file_url')],
  ['data', (_text, owner) => (owner === 'input_audio' ? 'uninspectable:audio' : undefined)],
  ['file_data', () => 'uninspectable:binary'],
  ['file_id', () => 'reference:file'],
  ['file_uri', () => 'reference:file'],
  ['fileUri', () => 'reference:file'],
  ['media_type', (text, owner) => (owner === 'source' ? uninspectableGap(text.toLowerCase()) : undefined)],
  ['mime_type', inlineGap],
  ['mimeType', inlineGap],
  ['bytes', (_text, owner) => (owner === 'source' ? 'uninspectable:binary' : undefined)],
  ['uri', (_text, owner) => (owner === 's3Location' ? 'reference:file' : undefined)],
  ['type', (text) => (text === 'item_reference' ? 'reference:previous_response' : undefined)],
  ['id', (_text, owner) => ID_OWNERS.get(owner)],
]);

/** Lists of numbers that stand for text: tokens (OpenAI completions and embeddings, vLLM), or an earlier answer (Ollama). */
const TOKEN_LISTS: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['prompt', 'uninspectable:binary'],
  ['input', 'uninspectable:binary'],
  ['prompt_token_ids', 'uninspectable:binary'],
  ['context', 'reference:previous_response'],
]);

/** What the content is when a member that should hold a URL holds something else. */
const URL_MEMBERS: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['image_url', 'uninspectable:image'],
  ['audio_url', 'uninspectable:audio'],
  ['video_url', 'uninspectable:video'],
  ['file_url', 'uninspectable:binary'],
  ['images', 'uninspectable:image'],
  ['source', 'uninspectable:binary'],
]);

const ID_OWNERS: ReadonlyMap<string | number, GapKind> = new Map<string, GapKind>([
  ['audio', 'reference:previous_response'],
  ['conversation', 'reference:previous_response'],
  ['prompt', 'reference:prompt'],
]);

/** Longest `type/subtype;parameters` of a data: URL that is looked at. */
const DATA_HEADER_CHARS_MAX = 256;

/** The gap of a string in a JSON body that stands for content which is not text, or is kept elsewhere. */
export function carriedGap(place: JsonPlace, text: string): GapKind | undefined {
  if (text === '') return undefined;
  const inDataUrl = dataUrlGap(text);
  if (inDataUrl !== undefined) return inDataUrl;
  if (place.parent === undefined) return place.isArray ? undefined : REFERENCES.get(place.member);
  // Ollama: a list of base64 texts, in a message or beside the prompt.
  if (place.isArray)
    return place.name === 'images' && (place.depth === 2 || isSpoken(place)) ? byUrl(text, 'images') : undefined;
  const gap = CARRIERS.get(place.member)?.(text, place.name);
  return gap !== undefined && isSpoken(place) ? gap : undefined;
}

/** The gap of a list of numbers that stands for text; a list of such lists may hold several. */
export function tokenGap(place: JsonPlace): GapKind | undefined {
  if (!place.isArray || place.depth > 3) return undefined;
  const list = place.depth === 3 ? place.parent : place;
  return list?.isArray ? TOKEN_LISTS.get(list.name) : undefined;
}

/** Inline data of Gemini is base64 whatever its type, text included. */
function inlineGap(text: string, owner: string | number): GapKind | undefined {
  if (owner !== 'inlineData' && owner !== 'inline_data') return undefined;
  return uninspectableGap(text.toLowerCase()) ?? 'uninspectable:binary';
}

/** A `data:` URL (RFC 2397): what it holds is not decoded, unless it is plain text. */
function dataUrlGap(text: string): GapKind | undefined {
  // The colon first: this runs for every string of every body.
  if (text.charCodeAt(4) !== 0x3a || !/^data:/i.test(text)) return undefined;
  const start = text.slice('data:'.length, 'data:'.length + DATA_HEADER_CHARS_MAX).toLowerCase();
  const comma = start.indexOf(',');
  if (comma < 0) return undefined;
  const header = start.slice(0, comma);
  return uninspectableGap(header) ?? (/;\s*base64\s*$/.test(header) ? 'uninspectable:binary' : undefined);
}

function byUrl(text: string, member: string | number): GapKind | undefined {
  return /^\s*[a-z][a-z0-9+.-]*:/i.test(text) ? 'reference:url' : URL_MEMBERS.get(member);
}

function isSpoken(place: JsonPlace): boolean {
  let top = place;
  while (top.parent !== undefined) top = top.parent;
  return SPOKEN_MEMBERS.has(top.member);
}
