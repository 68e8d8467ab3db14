import { readDataUrls } from './data-urls.js';
import { addText, type Draft } from './draft.js';
import { readNestedJson } from './nested-json.js';

/** Adds a text that no format is known of, with what it says as JSON and what it carries in `data:` URLs. */
export function readPlainText(draft: Draft, text: string, pointer: string): void {
  addText(draft, text, pointer);
  readNestedJson(draft, text, pointer);
  readDataUrls(draft, text, pointer);
}
