import { print } from './print.js';
import type { ScanResult } from './scan.js';
import type { ScanParts } from './scan-parts.js';

/** The goals: how much cheaper than one by one, and what ten times as many rules may cost. */
const GOALS = { ratio: 40, growth: 1.5 };

/** Prints a result as lines for people. */
export function printScan({ rules, texts, growth, parts, costliest }: ScanResult): void {
  process.stdout.write(`${rules} patterns of the built-in packs, CPU time, medians; goal for chat ${GOALS.ratio} x\n`);
  for (const { text, judgeMicros, oneByOneMicros, ratio, matched } of texts) {
    const costs = `judged ${us(judgeMicros)}  one by one ${us(oneByOneMicros)}  ${ratio.toFixed(1).padStart(6)} x`;
    print(text, matched > 0 ? `${costs}  (${matched} rules match)` : costs);
  }
  process.stdout.write(`generated rules; goal ${GOALS.growth} x\n`);
  for (const { text, micros, ratio } of growth) {
    const costs = Object.entries(micros).map(([count, cost]) => `${count} rules ${us(cost)}`);
    print(text, `${costs.join('  ')}  ${ratio.toFixed(2).padStart(6)} x`);
  }
  process.stdout.write('where the time goes\n');
  for (const part of parts) print(part.text, shares(part));
  process.stdout.write('the costliest rules, each alone\n');
  for (const [text, costs] of Object.entries(costliest)) {
    print(text, costs.map(({ rule, engine, micros }) => `${rule} (${engine}) ${us(micros).trim()}`).join('  '));
  }
}

function shares({ text: _, ...parts }: ScanParts): string {
  return Object.entries(parts)
    .map(([name, micros]) => `${name} ${us(micros)}`)
    .join('  ');
}

function us(micros: number): string {
  return `${micros.toFixed(1).padStart(6)} us`;
}
