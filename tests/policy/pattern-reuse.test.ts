import test from 'ava';
import { compilePattern } from '../../sidecar/policy/pattern.js';

const OPTIONS = { dialect: 're2', builtin: true } as const;

test('a pattern that some rule has already is not compiled again', (t) => {
  const first = compilePattern('apple[0-9]', OPTIONS);
  t.is(compilePattern('apple[0-9]', OPTIONS), first);
});

test('but one that is written, or to be run, in another way is', (t) => {
  const first = compilePattern('pear\\s[0-9]', OPTIONS);
  t.not(compilePattern('pear\\s[0-8]', OPTIONS), first);
  t.not(compilePattern('pear\\s[0-9]', { ...OPTIONS, builtin: false }), first);
  t.not(compilePattern('pear\\s[0-9]', { ...OPTIONS, dialect: 'python' }), first);
});
