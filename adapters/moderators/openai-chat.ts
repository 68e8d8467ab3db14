import { type Moderator, ModeratorFault } from './moderator.js';
import { memberOf, type PostTarget, postJson } from './post-json.js';

/**
 * A model behind the chat completions API (OpenAI, and the many servers that speak it): the prompt is the system
 * message, the text the user message, and an answer that starts with "yes" in any case is a yes. Nothing else is sent:
 * reasoning models refuse `max_tokens` and `temperature`, others do not know `max_completion_tokens`.
 */
export function createOpenAiChat(target: PostTarget & { readonly model: string }): Moderator {
  return {
    async ask(prompt, text, signal) {
      const messages = [
        { role: 'system', content: prompt },
        { role: 'user', content: text },
      ];
      const answer = await postJson(target, { model: target.model, messages }, signal);
      const message = memberOf(memberOf(memberOf(answer, 'choices'), 0), 'message');
      const content = memberOf(message, 'content');
      // A refusal has no content; an empty one says neither yes nor no.
      if (typeof content !== 'string' || content.trim() === '') throw new ModeratorFault('malformed');
      return /^\s*yes/i.test(content);
    },
  };
}
