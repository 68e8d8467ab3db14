import { type Moderator, ModeratorFault } from './moderator.js';
import { memberOf, type PostTarget, postJson } from './post-json.js';

/**
 * A model server of one's own. It is posted `{"model", "prompt", "text"}` and answers 200 with `{"hit": true}` or
 * `{"hit": false}`; further members are ignored. docs/moderators.md is the contract.
 */
export function createHttpJson(target: PostTarget & { readonly model: string }): Moderator {
  return {
    async ask(prompt, text, signal) {
      const hit = memberOf(await postJson(target, { model: target.model, prompt, text }, signal), 'hit');
      if (typeof hit !== 'boolean') throw new ModeratorFault('malformed');
      return hit;
    },
  };
}
