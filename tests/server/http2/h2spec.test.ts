import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createAuthority } from '../../envoy/certificates.js';
import { needs } from '../../tools/needs.js';
import { program, toolPath } from '../../tools/programs.js';
import { temporaryDirectory } from '../rig.js';
import { startTarget } from './target.js';

const testH2spec = needs(program('h2spec'));

/** Cases, by the beginning of what is said of them, that ask for what RFC 9113 no longer does, and where it says so. */
const CHANGED: Readonly<Record<string, string>> = {
  'http2/5.3.1: Sends HEADERS frame that depend on itself': 'section 5.3.2: what a priority says is not looked at',
  'http2/5.3.1: Sends PRIORITY frame that depend on itself': 'section 5.3.2, likewise',
};

/** Fewer mean that the program has left out a part. */
const CASES_MIN = 146;

/** What a server is silent about is waited for so long; a case that fails takes as long, too. */
const TIMEOUT_SECONDS = 1;

interface Report {
  readonly cases: number;
  /** `section: case: what was expected; what came`. */
  readonly failed: readonly string[];
}

/** Runs every part of h2spec, strict cases included. It ends with an error when a case fails. */
async function conform(t: ExecutionContext, port: number, ...flags: readonly string[]): Promise<Report> {
  const file = join(temporaryDirectory(t), 'report.xml');
  const known = ['--strict', '-o', String(TIMEOUT_SECONDS), '-h', '127.0.0.1', '-p', String(port), '-j', file];
  await new Promise<void>((resolve) => execFile(toolPath('h2spec') ?? '', [...known, ...flags], () => resolve()));
  return read(readFileSync(file, 'utf8'));
}

function read(xml: string): Report {
  const found = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)];
  const failed = found.flatMap(([, section, title, inside = '']) => {
    const [, said = 'skipped'] = /<error>(.*?)<\/error>/s.exec(inside) ?? [];
    return inside.trim() === '' ? [] : [`${section}: ${title}: ${said.replaceAll('\n', '; ')}`];
  });
  return { cases: found.length, failed };
}

for (const over of ['TCP', 'TLS']) {
  testH2spec(`h2spec finds nothing over ${over} that is against the specification`, async (t) => {
    const target = await startTarget(t, over === 'TLS' ? createAuthority().issue() : undefined);
    const { cases, failed } = await conform(t, target.port, ...(over === 'TLS' ? ['-t', '-k'] : []));
    const changed = Object.keys(CHANGED);
    t.deepEqual(
      failed.filter((line) => !changed.some((start) => line.startsWith(start))),
      [],
    );
    const met = changed.filter((start) => !failed.some((line) => line.startsWith(start)));
    t.deepEqual(met, [], 'no longer to be listed');
    t.true(cases >= CASES_MIN, `${cases} cases`);
    t.deepEqual(target.faults, []);
  });
}

test('the report of h2spec is read as it is written', (t) => {
  const one = (inside: string) => `<testcase package="http2/5.1" classname="Sends" time="0.1">${inside}</testcase>\n`;
  const error = '\n<error>Connection closed\nTimeout</error>\n';
  const { cases, failed } = read(`${one('')}${one(error)}${one('\n<skipped></skipped>\n')}`);
  t.is(cases, 3);
  t.deepEqual(failed, ['http2/5.1: Sends: Connection closed; Timeout', 'http2/5.1: Sends: skipped']);
});
