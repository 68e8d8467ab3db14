// npm run fuzz -- policy [--runs N] [--seed N]: generated patterns and texts through the rule engine.
import { readArguments, refuseArguments } from '../tools/arguments.js';
import { fuzzPatterns, fuzzTexts } from './policy.js';

const USAGE = 'npm run fuzz -- policy [--runs N] [--seed N]';
const { values, positionals } = readArguments({
  usage: USAGE,
  config: {
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  },
  numbers: { runs: 1, seed: 0 },
});
if (positionals.join(' ') !== 'policy') refuseArguments(`expected policy, found "${positionals.join(' ')}"`, USAGE);
const options = { runs: Number(values.runs), seed: Number(values.seed) };
const results = { patterns: fuzzPatterns, texts: fuzzTexts };
for (const [name, run] of Object.entries(results)) {
  const started = performance.now();
  const { runs, failures, figures } = run(options);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `${name}: ${runs} runs from seed ${options.seed} in ${seconds} s, ${failures.length} failures\n`,
  );
  for (const [figure, value] of Object.entries(figures)) process.stdout.write(`  ${figure}: ${value}\n`);
  for (const failure of failures.slice(0, 20)) process.stdout.write(`  FAILED: ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
}
