import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import * as own from '../../sidecar/audit/audit-log.js';
import { repositoryRoot } from '../processes/sidecar.js';
import type { Program } from './records.js';
import { PLANTED_FAULTS, plant } from './simulation/planted.js';
import { simulate } from './simulation/simulation.js';

const SEEDS = 200;
const SEEDS_FOR_A_FAULT = 1_000;

/** The first seed from 0 on that finds something, and what. */
async function firstFind(program: Program, seeds: number) {
  for (let seed = 0; seed < seeds; seed++) {
    const wrong = await simulate(seed, program);
    if (wrong.length > 0) return { seed, wrong };
  }
  return undefined;
}

test('whatever the disk, the clock and the power do, what was acknowledged is there once', async (t) => {
  t.is(await firstFind(own, SEEDS), undefined);
});

for (const [name, fault] of Object.entries(PLANTED_FAULTS)) {
  test(`a log that ${name} is found out`, async (t) => {
    const found = await firstFind(await plant(fault), SEEDS_FOR_A_FAULT);
    t.not(found, undefined);
    t.log(`seed ${found?.seed}: ${found?.wrong[0]?.slice(0, 200)}`);
  });
}

test.after.always(() => rm(join(repositoryRoot, 'build', 'planted'), { recursive: true, force: true }));
