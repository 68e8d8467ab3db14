import test from 'ava';
import { fuzzHttp2 } from '../../fuzz/http2/http2.js';

// `npm run fuzz -- http2` holds many more.
test('generated conversations: nothing throws, each ends or goes on, each stream hears its end once', async (t) => {
  t.deepEqual((await fuzzHttp2({ runs: 1000, seed: 20_261_128 })).failures, []);
});
