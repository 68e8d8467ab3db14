import { startChain } from '../../envoy/chain.js';
import { needs } from '../../tools/needs.js';
import { program } from '../../tools/programs.js';

needs(program('envoy'))(
  'a body that is larger than the buffer of the listener is judged whole all the same',
  async (t) => {
    const chain = await startChain({
      edit: ({ static_resources: { listeners } }) => {
        listeners[0].per_connection_buffer_limit_bytes = 32_768;
      },
    });
    try {
      const body = Buffer.alloc(2_000_000, 'a');
      t.is((await fetch(`${chain.url}/v1/x`, { method: 'POST', body })).status, 200);
      const [content] = chain.evaluations[0]?.content ?? [];
      t.is(content?.kind === 'body' ? content.bytes.length : 0, body.length);
    } finally {
      await chain.stop();
    }
  },
);
