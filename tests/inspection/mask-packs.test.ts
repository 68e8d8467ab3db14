import { stopCoverage } from 'node:v8';
import test from 'ava';
import { inspect } from '../../sidecar/inspection/inspect.js';
import type { Content } from '../../sidecar/kernel/evaluation.js';
import { MASK_STYLES } from '../../sidecar/policy/mask.js';
import type { Example, Pack, Rule } from '../../sidecar/policy/pack.js';
import { createPolicy } from '../../sidecar/policy/policy.js';
import type { VerdictSettings } from '../../sidecar/policy/verdict.js';
import { BUILTIN_PACKS, builtin } from '../policy/packs/builtin-packs.js';
import { DISGUISES } from '../policy/views/disguises.js';
import { evaluationOf } from './snapshot.js';

// Counting makes these loops many times as slow, and other tests go through the same lines.
stopCoverage();

/** Every rule of the built-in packs that has a place in the text, its action replaced by `mask`. */
const packs = BUILTIN_PACKS.map((name) => {
  const pack = builtin(name).pack as Pack;
  const rules = pack.rules.filter(
    ({ pattern, maxChars, action }) => pattern && maxChars === undefined && action !== 'allow',
  );
  return { ...pack, rules: rules.map((rule): Rule => ({ ...rule, action: 'mask' })) };
});
const examples = packs.flatMap(({ rules }) =>
  rules.flatMap((rule) => rule.examples.filter(({ matches }) => matches).map((example) => ({ rule, example }))),
);

function snapshotOf(style: Rule['mask']['style']) {
  const styled = packs.map((pack) => {
    return { ...pack, rules: pack.rules.map((rule) => ({ ...rule, mask: { ...rule.mask, style } })) };
  });
  const settings: VerdictSettings = { shadow: false, onError: 'deny', gapActions: {} };
  return {
    policy: createPolicy(styled, settings),
    settings,
    contentOptions: { credentialQueryNames: new Set<string>() },
  };
}

const askAs = (snapshot: ReturnType<typeof snapshotOf>, example: Example, content: Content) => {
  const { direction = '', endpoint = '' } = example;
  return inspect(snapshot, { evaluation: { ...evaluationOf(content), direction, endpoint }, nowMs: 0 });
};

/** Masks every example; what cannot be masked, and what masked text still shows. */
function mask(style: Rule['mask']['style'], disguise: (text: string, index: number) => string) {
  const snapshot = snapshotOf(style);
  const unmasked: string[] = [];
  const shown: string[] = [];
  let count = 0;
  for (const [index, { rule, example }] of examples.entries()) {
    const text = `so: ${disguise(example.text, index)} .`;
    const { effective, maskedText } = askAs(snapshot, example, { kind: 'text', text });
    if (effective !== 'MASK') continue;
    count++;
    if (maskedText === undefined) unmasked.push(`${rule.id} ${JSON.stringify(text)}`);
    else if (askAs(snapshot, example, { kind: 'text', text: maskedText }).matched.length > 0) {
      shown.push(`${rule.id} ${JSON.stringify(maskedText)}`);
    }
  }
  return { count, unmasked, shown };
}

for (const style of MASK_STYLES) {
  test(`what any built-in rule finds can be masked with the style ${style}`, (t) => {
    const { count, ...wrong } = mask(style, (text) => text);
    t.true(count > 300);
    t.deepEqual(wrong, { unmasked: [], shown: [] });
  });
}

test('what any built-in rule finds in disguise can be masked, but for rare texts, which are held back', (t) => {
  const disguises = Object.values(DISGUISES);
  for (const offset of [0, 7, 13]) {
    const { count, unmasked, shown } = mask('type', (text, i) =>
      (disguises[(i + offset) % disguises.length] ?? String)(text),
    );
    t.true(count > 250);
    t.deepEqual(shown, []);
    t.true(unmasked.length <= count / 100, unmasked.join('\n'));
  }
});
