import { join } from 'node:path';

/** LevelDB numbers its files; each opening takes some numbers. */
const NUMBERS_MAX = 150;
const BESIDE = ['checkpoint.a', 'checkpoint.b', 'key.pub', 'key.pub.new', 'signing.key', 'signing.key.partial'];
const STATES = ['switches.json', 'switches.json.new', 'early-answers', 'early-answers.new'];

/** What follows `log.opening-`, where a test says it: after a removal that fails the next one is free. */
export const OPENING_NAMES = ['01', '02', '03'] as const;

/** Arguments that make strace see the calls for files of a data directory only. */
export function tracedPaths(dataDir: string, numbersMax = NUMBERS_MAX): string[] {
  const numbers = Array.from({ length: numbersMax }, (_, at) => `${at + 1}`.padStart(6, '0'));
  const log = numbers.flatMap((number) => [`${number}.log`, `${number}.dbtmp`, `${number}.ldb`, `MANIFEST-${number}`]);
  const openings = OPENING_NAMES.map((name) => `log.opening-${name}`);
  const names = [
    '',
    'log',
    // Where the log is recovered, and where it is until that takes its place.
    ...openings,
    'log.before',
    'control',
    ...BESIDE,
    ...STATES,
    ...['CURRENT', 'LOCK', ...log].flatMap((name) => ['log', ...openings].map((directory) => `${directory}/${name}`)),
  ];
  return names.flatMap((name) => ['-P', join(dataDir, name)]);
}
