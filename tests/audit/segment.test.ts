import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryDataDirectory, temporaryDirectory } from '../storage/temporary.js';
import { needs } from '../tools/needs.js';
import { pythonAndOpenssl } from '../tools/python.js';
import { appendMany, DAY_MS, openByClock, pruneAll, type StoppedClock, stoppedClock } from './prune-rig.js';
import { python, verifier, verifyMany } from './python-verifier.js';
import { runLogCommand as jimini } from './run-log.js';
import { checkpointOf, type ExportFiles, type Given, signerOf, verifyExport } from './signed-logs.js';

const test = needs(pythonAndOpenssl);
const MIDNIGHT = Date.UTC(2026, 2, 1);
const DAY = '2026-03-02';

/** Three days, a key for each of them, and on the third the clock is set back for a moment. */
async function threeDays(): Promise<{ dataDir: string; firstKey: string; clock: StoppedClock }> {
  const dataDir = await temporaryDataDirectory();
  const clock = stoppedClock(MIDNIGHT);
  let firstKey = '';
  for (const day of [0, 1, 2]) {
    const log = await openByClock(dataDir, clock);
    await appendMany(log, 300, `day${day}-`);
    if (day === 2) {
      clock.goOn(-2 * DAY_MS);
      await appendMany(log, 1, 'set-back');
      clock.goOn(2 * DAY_MS);
    }
    await log.close('shutdown');
    if (day === 0) firstKey = readFileSync(join(dataDir, 'key.pub'), 'utf8');
    jimini('rotate-key', '--data-dir', dataDir);
    clock.goOn(DAY_MS);
  }
  return { dataDir, firstKey, clock };
}

function exported(t: ExecutionContext, dataDir: string, day: string) {
  const out = join(temporaryDirectory(), 'segment');
  const { exit, stdout, stderr } = jimini('export', '--data-dir', dataDir, '--day', day, '--out', out);
  t.is(exit, 0, stderr);
  return { out, stdout };
}

function filesIn(directory: string): ExportFiles {
  return Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));
}

let made: ReturnType<typeof threeDays> | undefined;

/** The same for both tests; the second one removes leaves of it. */
function sameDays(): ReturnType<typeof threeDays> {
  made ??= threeDays();
  return made;
}

test('a segment that is not what it says is found out by both verifiers', async (t) => {
  const { dataDir, firstKey } = await sameDays();
  const files = filesIn(exported(t, dataDir, DAY).out);
  const other = filesIn(exported(t, dataDir, '2026-03-03').out);
  const text = (name: string) => Buffer.from(files[name] as Uint8Array).toString();
  const lines = text('entries.jsonl').trimEnd().split('\n');
  const segment = JSON.parse(text('segment.json')) as Record<string, unknown>;
  const saying = (change: Record<string, unknown>) => ({
    ...files,
    'segment.json': Buffer.from(`${JSON.stringify({ ...segment, ...change })}\n`),
  });
  const having = (some: readonly string[]) => ({
    ...files,
    'entries.jsonl': Buffer.from(some.map((line) => `${line}\n`).join('')),
  });
  const without = (name: string) => Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
  const first = segment['first'] as number;
  const { 'keys.jsonl': _, ...withoutKeys } = other;
  const cases: (readonly [what: string, exit: number, rule: string | undefined, files: ExportFiles, given?: Given])[] =
    [
      ['nothing', 0, undefined, files],
      ['a leaf taken from its front', 1, 'seq', having(lines.slice(1))],
      ['a leaf taken from its end', 1, 'segment', having(lines.slice(0, -1))],
      ['a leaf taken out of it', 1, 'seq', having(lines.toSpliced(9, 1))],
      [
        'the last leaf changed',
        1,
        'segment',
        having([...lines.slice(0, -1), (lines.at(-1) ?? '').replace('shutdown', 'error')]),
      ],
      ['its end moved', 1, 'segment', saying({ end: (segment['end'] as number) - 1 })],
      ['its beginning moved', 1, 'segment', saying({ first: first + 1 })],
      ['another day', 1, 'segment', saying({ day: '2026-03-03' })],
      ['a day that is none', 1, 'segment', saying({ day: 'today' })],
      ['other roots before it', 1, 'segment', saying({ peaks: (segment['peaks'] as string[]).toReversed() })],
      ['no proof', 1, 'segment', saying({ consistency: [] })],
      ['another log', 1, 'segment', saying({ log_id: 'a'.repeat(26) })],
      ['no checkpoint', 1, 'segment', without('checkpoint')],
      ['no segment.json', 1, 'seq', without('segment.json')],
      [
        'no key leaves behind it, the first key pinned',
        1,
        'signer',
        without('keys.jsonl'),
        { key: Buffer.from(firstKey) },
      ],
      ['no key leaves before it', 1, 'epoch', withoutKeys],
      ['key leaves that are none', 1, 'segment', { ...files, 'keys.jsonl': Buffer.from(`${lines[5]}\n`) }],
      ['that of another day', 1, 'segment', { ...files, 'segment.json': other['segment.json'] as Uint8Array }],
      ['an anchor of leaves that it has not', 4, undefined, files, { anchor: checkpointOf([], signerOf(1)) }],
    ];
  const theirs = verifyMany(cases.map(([, , , changed, given]) => ({ files: changed, ...(given && { given }) })));
  for (const [at, [what, exit, rule, changed, given]] of cases.entries()) {
    const ours = await verifyExport(changed, given);
    t.is(ours.exit, exit, `${what}: ${JSON.stringify(ours.report)}`);
    t.is(theirs[at]?.exit, exit, `${what}: ${JSON.stringify(theirs[at])}`);
    if (exit === 4) continue;
    t.is(ours.report?.fault?.rule, rule as never, `${what}: ${JSON.stringify(ours.report)}`);
    t.is(theirs[at]?.fault?.rule, rule, `${what}: ${JSON.stringify(theirs[at])}`);
  }
});

test('the leaves of a day are exported with what shows where they stand in the log', async (t) => {
  const { dataDir, firstKey, clock } = await sameDays();
  const { out, stdout } = exported(t, dataDir, DAY);
  const lines = readFileSync(join(out, 'entries.jsonl'), 'utf8').trimEnd().split('\n');
  const leaves = lines.map((line) => JSON.parse(line) as { seq: number; time_ms: number });
  t.true(leaves.every(({ time_ms }) => time_ms >= MIDNIGHT + DAY_MS && time_ms < MIDNIGHT + 2 * DAY_MS));
  const [first, last] = [leaves[0]?.seq, leaves.at(-1)?.seq];
  t.regex(stdout, new RegExp(`: those of ${DAY} \\(UTC\\), from ${first} to ${last}\n$`));

  // Who knows only the key of the first day is led to the one that signs now, by leaves before and behind the segment.
  const key = join(temporaryDirectory(), 'key.pub');
  writeFileSync(key, firstKey);
  const verified = jimini('verify', '--export', out, '--key', key);
  t.is(verified.exit, 0, verified.stdout + verified.stderr);
  t.regex(
    verified.stdout,
    new RegExp(`\nThey are the part of the log from ${first} to ${last}: the day ${DAY} \\(UTC\\)\\.\n`),
  );
  const theirs = python([verifier, '--export', out, '--key', key]);
  t.is(theirs.exit, 0, theirs.stdout + theirs.stderr);

  // A leaf of the first day stands among those of the third: so do, in its segment, all between.
  const firstDay = exported(t, dataDir, '2026-03-01').out;
  t.is(jimini('verify', '--export', firstDay).exit, 0);
  const all = readFileSync(join(firstDay, 'entries.jsonl'), 'utf8').trimEnd().split('\n');
  t.is((JSON.parse(all[0] ?? '') as { seq: number }).seq, 0);
  t.regex(all.at(-1) ?? '', /"route":"set-back0"/);

  const nothing = jimini(
    'export',
    '--data-dir',
    dataDir,
    '--day',
    '2026-02-28',
    '--out',
    join(temporaryDirectory(), 'x'),
  );
  t.is(nothing.exit, 2);
  t.is(nothing.stderr, 'jimini: the log has no leaves of 2026-02-28 (UTC)\n');
  t.is(jimini('export', '--data-dir', dataDir, '--day', '2026-02-30', '--out', out).exit, 2);
  t.is(jimini('head', '--export', out).exit, 2);

  const log = await openByClock(dataDir, clock);
  t.deepEqual(await pruneAll(log, clock), [768]);
  await log.close('shutdown');
  const { out: rest, stdout: told } = exported(t, dataDir, '2026-03-03');
  t.regex(told, /from 768 to \d+; those before were removed, and some of them may have been of that day\n$/);
  for (const { exit } of [
    jimini('verify', '--export', rest, '--key', key),
    python([verifier, '--export', rest, '--key', key]),
  ])
    t.is(exit, 0);
});
