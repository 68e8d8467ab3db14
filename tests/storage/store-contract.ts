import { createHash } from 'node:crypto';
import test from 'ava';
import type { LeafRow, LogRows, LogStore } from '../../sidecar/audit/log-store.js';

/** Declares the tests that every log store must pass. `makeStore` gives an empty one, for one test. */
export function storeContract(name: string, makeStore: () => Promise<LogStore>): void {
  test(`${name}: an empty store has no rows`, async (t) => {
    const handle = await (await makeStore()).open();
    t.deepEqual(await handle.lastRows(2), []);
    t.deepEqual(await rowsOf(handle, 0), []);
    await handle.close();
  });

  test(`${name}: rows come back verbatim and in order of their numbers`, async (t) => {
    const handle = await (await makeStore()).open();
    const rows = [0, 1, 2, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].map((seq) => row(seq));
    await handle.write(rows.slice(4), []);
    await handle.write(rows.slice(0, 4), []);
    t.deepEqual(await rowsOf(handle, 0), rows);
    await handle.close();
  });

  test(`${name}: reading can begin anywhere`, async (t) => {
    const handle = await (await makeStore()).open();
    const rows = Array.from({ length: 2_500 }, (_, seq) => row(seq));
    await handle.write(rows, []);
    t.deepEqual(await rowsOf(handle, 2_100), rows.slice(2_100));
    t.deepEqual(await rowsOf(handle, 2_500), []);
    t.deepEqual(await handle.lastRows(2), rows.slice(-2));
    t.deepEqual(await handle.lastRows(5_000), rows);
    await handle.close();
  });

  test(`${name}: what was written is there after the next opening`, async (t) => {
    const store = await makeStore();
    const first = await store.open();
    await first.write([row(0), row(1)], []);
    await first.close();
    const second = await store.open();
    t.deepEqual(await rowsOf(second, 0), [row(0), row(1)]);
    await second.close();
  });

  test(`${name}: only one handle can be open`, async (t) => {
    const store = await makeStore();
    const handle = await store.open();
    await t.throwsAsync(store.open(), { code: 'JIMINI_STORE_LOCKED' });
    await handle.close();
    await (await store.open()).close();
  });

  test(`${name}: two leaves with one number are both kept, so that a verifier sees them`, async (t) => {
    const handle = await (await makeStore()).open();
    await handle.write([row(0), row(1, 'one')], []);
    await handle.write([row(1, 'other')], []);
    t.is((await rowsOf(handle, 1)).length, 2);
    await handle.close();
  });

  test(`${name}: envelopes come in pages of so many bytes, and of one at least`, async (t) => {
    const handle = await (await makeStore()).open();
    const sizes = new Map([10, 0, 300, 300, 2_000_000, 0, 5].entries());
    const envelopeOf = (seq: number) => (sizes.get(seq) ? Buffer.alloc(sizes.get(seq) ?? 0, seq) : undefined);
    await handle.write(
      Array.from(sizes.keys(), (seq) => ({ ...row(seq), envelope: envelopeOf(seq) })),
      [],
    );
    const pages: { end: number; of: number[] }[] = [];
    for (let next = 0; next < 7; next = pages.at(-1)?.end ?? 7) {
      const { end, envelopes, erased } = await handle.payloadPage(next, 7, 310);
      for (const [seq, bytes] of envelopes) t.deepEqual(Buffer.from(bytes), envelopeOf(seq));
      t.is(erased.size, 0);
      pages.push({ end, of: [...envelopes.keys()] });
    }
    t.deepEqual(pages, [
      { end: 3, of: [0, 2] },
      { end: 5, of: [3, 4] },
      { end: 7, of: [6] },
    ]);
    t.like(await handle.payloadPage(0, 2, 310), { end: 2, envelopes: { size: 1 } });
    t.like(await handle.payloadPage(5, 5, 310), { end: 5, envelopes: { size: 0 } });
    await handle.close();
  });

  test(`${name}: what lies below a boundary goes piece by piece, and the newest boundary stays`, async (t) => {
    const store = await makeStore();
    const handle = await store.open();
    await handle.write(
      Array.from({ length: 600 }, (_, seq) => ({ ...row(seq), envelope: Uint8Array.of(1) })),
      [0, 1].map((index) => ({ level: 1, index, hash: Buffer.alloc(32, index) })),
    );
    const [older, newer] = [
      { minSeq: 256, pruneSeq: 400 },
      { minSeq: 512, pruneSeq: 590 },
    ];
    await handle.writeBoundary(older, [row(7)]);
    await handle.writeBoundary(newer, [row(7), row(300)]);
    t.deepEqual(await handle.boundaries(), [older, newer]);
    t.is(await handle.removeBelow(512, 100), 100);
    t.is((await rowsOf(handle, 0))[0]?.seq, 100);
    while ((await handle.removeBelow(512, 300)) > 0);
    await handle.compact(0, 512);
    await handle.close();

    const again = await store.open();
    t.deepEqual(
      (await rowsOf(again, 0)).map(({ seq }) => seq),
      Array.from({ length: 88 }, (_, at) => 512 + at),
    );
    t.deepEqual(await again.boundaries(), [newer]);
    t.deepEqual(await again.keptKeyLeaves(), [row(7), row(300)]);
    t.is((await again.readTile(1, 0, 2)).length, 64);
    t.is(await again.removeBelow(512, 300), 0);
    await again.close();
  });

  test(`${name}: a closed handle refuses`, async (t) => {
    const handle = await (await makeStore()).open();
    await handle.close();
    await t.throwsAsync(handle.write([row(0)], []), { code: 'JIMINI_STORE_UNAVAILABLE' });
    await t.throwsAsync(handle.lastRows(1), { code: 'JIMINI_STORE_UNAVAILABLE' });
  });
}

function row(seq: number, text = 'leaf'): LeafRow {
  const bytes = Buffer.from(`${text} ${seq}`);
  return { seq, hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

async function rowsOf(rows: LogRows, seq: number): Promise<LeafRow[]> {
  const all: LeafRow[] = [];
  for await (const { bytes, ...rest } of rows.rowsFrom(seq)) all.push({ ...rest, bytes: Buffer.from(bytes) });
  return all;
}
