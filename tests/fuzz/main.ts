// npm run fuzz -- policy [--runs N] [--seed N]: generated patterns and texts through the rule engine.
import { parseArgs } from 'node:util';
import { fuzzPatterns, fuzzTexts } from './policy.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const options = { runs: Number(values.runs), seed: Number(values.seed) };
if (positionals.length !== 1 || positionals[0] !== 'policy' || !(options.runs > 0) || !Number.isInteger(options.seed)) {
  process.stderr.write('usage: npm run fuzz -- policy [--runs N] [--seed N]\n');
  process.exit(2);
}
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
