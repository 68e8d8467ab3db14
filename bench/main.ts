// npm run bench [-- check|load|read|scan|steady|steady-agent|reload|verify|append ...]      none: check and load
//
//   check    CPU of one Check against a bare grpc-js server that decodes the same message       [--rounds N]
//   load     latency at a fixed rate (ghz), beside write+fdatasync on the same disk             [--rps N] [--seconds N] [--budget]
//   read     CPU of reading bodies of 2 KB, 200 KB and 32 MB to segments, against JSON.parse     [--rounds N]
//   scan     CPU of judging ordinary texts by all packs, against their patterns one by one on V8; of 100 and of 1,000
//            generated rules; where the time goes, and the costliest rules                      [--rounds N]
//   steady   latency of small Evaluates, alone and beside a text of 1 MB every 200 ms           [--rps N] [--rounds N]
//   steady-agent   likewise, beside the body of a coding agent of 32 MB every 2 s               [--rps N] [--rounds N]
//   reload   latency while packs are replaced under load, against the quiet before              [--rps N] [--rounds N]
//   verify   CPU of verifying an export of a million leaves, against SHA-256 alone over leaves of it  [--rounds N]
//   append   the log alone: records at fixed rates, beside write+fdatasync; opening a million leaves, and proofs from it by turns
//            with reading one row                                                             [--seconds N]
//
// All but read and scan take --dir FOLDER_ON_A_DISK; steady and reload need taskset (util-linux).
//
// npm run bench -- quality --set FOLDER [--packs secrets,pii] [--category C] [--entity E*] [--misses N] [--format table|json]
import { statSync } from 'node:fs';
import { repositoryRoot } from '../tests/processes/sidecar.js';
import { readArguments, refuseArguments } from '../tests/tools/arguments.js';
import { measureQuality } from './quality/run.js';
import { isSpeed, measureSpeed, SPEEDS } from './speed.js';

const MEASUREMENTS = [...SPEEDS, 'quality'];
const USAGE = [
  `npm run bench [-- ${MEASUREMENTS.join('|')} ...], without a name check and load`,
  '  [--dir FOLDER] [--rps N] [--seconds N] [--rounds N] [--budget]',
  '  quality: --set FOLDER [--packs P,P] [--category C] [--entity E] [--misses N] [--format table|json]',
].join('\n');
const { values, positionals } = readArguments({
  usage: USAGE,
  config: {
    allowPositionals: true,
    options: {
      dir: { type: 'string', default: repositoryRoot },
      rps: { type: 'string' },
      seconds: { type: 'string', default: '20' },
      rounds: { type: 'string' },
      budget: { type: 'boolean', default: false },
      set: { type: 'string' },
      packs: { type: 'string' },
      category: { type: 'string' },
      entity: { type: 'string' },
      misses: { type: 'string', default: '0' },
      format: { type: 'string', default: 'table' },
    },
  },
  numbers: { rps: 1, seconds: 1, rounds: 1, misses: 0 },
});
const wanted = positionals.length > 0 ? positionals : ['check', 'load'];
const unknown = wanted.filter((name) => !MEASUREMENTS.includes(name));
if (!statSync(values.dir, { throwIfNoEntry: false })?.isDirectory()) {
  refuseArguments(`--dir: no such folder, ${values.dir}`, USAGE);
}
if (unknown.length > 0) refuseArguments(`unknown measurement ${unknown.join(', ')}`, USAGE);
if (wanted.includes('quality')) process.exitCode = await quality();
const speeds = wanted.filter(isSpeed);
if (speeds.length > 0 && !(await measureSpeed(speeds, values))) process.exitCode = 1;

async function quality(): Promise<number> {
  try {
    return await measureQuality(values);
  } catch (error) {
    process.stderr.write(`quality: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}
