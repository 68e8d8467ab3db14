// npm run fuzz -- policy [--runs N] [--seed N]     generated patterns and texts through the rule engine
// npm run fuzz -- content [--runs N | --minutes N] [--seed N]     changed and generated bodies through the reader
// npm run fuzz -- http2 [--runs N] [--seed N]     generated conversations with the HTTP/2 server
// npm run fuzz -- bombs     small bodies that become much, sent to a sidecar; prints verdicts and memory
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { runBombs } from './bombs.js';
import { fuzzGenerated, fuzzMutated } from './content.js';
import type { FuzzResult } from './fuzz-result.js';
import { fuzzHttp2 } from './http2/http2.js';
import { fuzzPatterns, fuzzTexts } from './policy.js';

const USAGE = 'npm run fuzz -- policy|content|http2|bombs [--runs N] [--minutes N] [--seed N]';
const { values, positionals } = readArguments({
  usage: USAGE,
  config: {
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  },
  numbers: { runs: 1, minutes: 1, seed: 0 },
});
const seed = Number(values.seed);
const runs = values.runs === undefined ? undefined : Number(values.runs);
/** Fast-check makes its bodies some hundred times slower than the mutator. */
const GENERATED_TIME_SHARE = 0.1;
const GENERATED_RUNS_SHARE = 0.01;

switch (positionals.join(' ')) {
  case 'policy':
    await show('patterns', () => fuzzPatterns({ runs: runs ?? 100_000, seed }));
    await show('texts', () => fuzzTexts({ runs: runs ?? 100_000, seed }));
    break;
  case 'content': {
    const msMax = values.minutes === undefined ? undefined : Number(values.minutes) * 60_000;
    const most = runs ?? (msMax === undefined ? 1_000_000 : Number.POSITIVE_INFINITY);
    const within = (share: number) => (msMax === undefined ? {} : { msMax: msMax * share });
    await show('generated bodies', () =>
      fuzzGenerated({ runs: Math.ceil(most * GENERATED_RUNS_SHARE), seed, ...within(GENERATED_TIME_SHARE) }),
    );
    await show('mutated bodies', () => fuzzMutated({ runs: most, seed, ...within(1 - GENERATED_TIME_SHARE) }));
    break;
  }
  case 'http2':
    await show('conversations', () => fuzzHttp2({ runs: runs ?? 100_000, seed }));
    break;
  case 'bombs':
    await runBombs();
    break;
  default:
    refuseArguments(`expected policy, content, http2 or bombs, found "${positionals.join(' ')}"`, USAGE);
}

async function show(name: string, run: () => FuzzResult | Promise<FuzzResult>): Promise<void> {
  const started = performance.now();
  const { runs: done, failures, figures } = await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(`${name}: ${done} runs from seed ${seed} in ${seconds} s, ${failures.length} failures\n`);
  for (const [figure, value] of Object.entries(figures)) process.stdout.write(`  ${figure}: ${value}\n`);
  for (const failure of failures.slice(0, 20)) process.stdout.write(`  FAILED: ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
}
