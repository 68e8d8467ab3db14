import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readContent } from '../../sidecar/content/read-content.js';
import { inspect } from '../../sidecar/inspection/inspect.js';
import type { Content } from '../../sidecar/kernel/evaluation.js';
import { loadPack } from '../../sidecar/policy/load-pack.js';
import { createPolicy } from '../../sidecar/policy/policy.js';
import { joinedLetters } from '../../sidecar/policy/views/disguised-words.js';
import { decodedRuns } from '../../sidecar/policy/views/encoded-runs.js';
import { hiddenTexts } from '../../sidecar/policy/views/hidden-text.js';
import { unescapedText } from '../../sidecar/policy/views/unescape.js';
import { evaluationOf } from './snapshot.js';

/** More turns of a loop than V8 has room to go back in. */
const UNITS = 9 * 1024 * 1024;
const long = (piece: string) => piece.repeat(Math.ceil(UNITS / piece.length));
/** For loops that take several units a turn. */
const longTurns = (piece: string) => piece.repeat(UNITS);

const settings = { shadow: false, onError: 'deny', gapActions: {} } as const;

/** With all these rules V8 has compiled so much that it optimises no expression any more, as in the program. */
const policy = createPolicy(
  readdirSync(join(import.meta.dirname, '../../../sidecar/policy/packs')).flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, '../../../sidecar/policy/packs', file), 'utf8');
    return loadPack({ name: file.replace(/\.yaml$/, ''), file, text }, { builtin: true }).pack ?? [];
  }),
  settings,
);

/** Nothing is timed: it is judged, or it is too much work, but the engine does not fail. */
const isJudged = test.macro<[name: string, content: () => Content]>({
  exec: (t, _name, content) => {
    const snapshot = { policy, settings: {}, contentOptions: { credentialQueryNames: new Set<string>() } };
    const judgement = inspect(snapshot, { evaluation: evaluationOf(content()), nowMs: 0 });
    t.is(judgement.fault, undefined);
    t.false(judgement.gaps.some(({ kind }) => kind === 'engine:error'));
  },
  title: (_, name) => `millions of ${name} are judged`,
});

const text = (piece: string) => (): Content => ({ kind: 'text', text: long(piece) });
const body = (contentType: string, make: () => string) => (): Content => ({
  kind: 'body',
  bytes: Buffer.from(make()),
  contentType,
  contentEncoding: '',
});

test.serial(isJudged, 'opening brackets', text('('));
test.serial(isJudged, 'line ends', text('\n'));
test.serial(isJudged, 'emoji', text('\u{1f600}'));
/** Of these only the reading: to judge them takes minutes when coverage is counted. */
const isTakenApart = test.macro<[name: string, content: () => Content]>({
  exec: (t, _name, content) => {
    const { segments } = readContent([content()], { credentialQueryNames: new Set() });
    t.true(segments.some((segment) => segment.text.length > 0));
  },
  title: (_, name) => `millions of ${name} are taken apart`,
});

test.serial(
  isTakenApart,
  'letters of base64 in one string of JSON',
  body('application/json', () => `["${long('QUJD')}"]`),
);
test.serial(
  isTakenApart,
  'blanks before no JSON',
  body('application/json', () => long(' ')),
);
test.serial(
  isTakenApart,
  'escapes in a form',
  body('application/x-www-form-urlencoded', () => longTurns('%41')),
);
test.serial(
  isTakenApart,
  'letters in gRPC-Web text',
  body('application/grpc-web-text', () => long('a')),
);
test.serial(
  isTakenApart,
  'letters in a data URL',
  body('text/plain', () => `see data:image/png;base64,${long('a')}`),
);

/** Views are made in one pass each, whatever the policy allows the whole. */
const isRead = test.macro<[name: string, read: () => number, expected: number]>({
  exec: (t, _name, read, expected) => t.is(read(), expected),
  title: (_, name) => `millions of ${name} are read`,
});

test.serial(
  isRead,
  'letters with blanks between them',
  () => joinedLetters(longTurns('a '))?.text.length ?? 0,
  UNITS + 1,
);
test.serial(isRead, 'percent signs with a byte', () => unescapedText(longTurns('%41'))?.text.length ?? 0, UNITS);
test.serial(isRead, 'selectors', () => hiddenTexts(longTurns('\ufe04\ufe01'))[0]?.text.length ?? 0, 2 * UNITS);
test.serial(
  isRead,
  'hexadecimal digits',
  () => decodedRuns(longTurns('41'), 0, 2 * UNITS).next().value?.text.length ?? 0,
  UNITS,
);
test.serial(
  isRead,
  'letters of base64',
  () => decodedRuns(longTurns('QUJD'), 0, 4 * UNITS).next().value?.text.length ?? 0,
  3 * UNITS,
);
