import test from 'ava';

/** What a check of one value says: `yes` are accepted, `no` refused. */
export const judges = test.macro(
  (t, check: (text: string) => boolean, yes: readonly string[], no: readonly string[]) => {
    t.deepEqual(
      yes.filter((text) => !check(text)),
      [],
      'refused',
    );
    t.deepEqual(no.filter(check), [], 'accepted');
  },
);
