import { type Moderator, ModeratorFault } from './moderator.js';
import { memberOf, type PostTarget, postJson } from './post-json.js';

/**
 * OpenAI's moderation API. It takes no prompt, so that a rule's prompt says which of its categories count: names between
 * commas (`violence, self-harm/intent`), or `flagged` for any. A name that the answer does not have is a fault, because
 * the rule asks for what nobody answers.
 */
export function createOpenAiModeration(target: PostTarget & { readonly model: string }): Moderator {
  return {
    async ask(prompt, text, signal) {
      const answer = await postJson(target, { model: target.model, input: text }, signal);
      const result = memberOf(memberOf(answer, 'results'), 0);
      const said = prompt.split(',').map((name) => saidOf(result, name.trim()));
      if (said.some((value) => typeof value !== 'boolean')) throw new ModeratorFault('malformed');
      return said.includes(true);
    },
  };
}

function saidOf(result: unknown, name: string): unknown {
  return name === 'flagged' ? memberOf(result, 'flagged') : memberOf(memberOf(result, 'categories'), name);
}
