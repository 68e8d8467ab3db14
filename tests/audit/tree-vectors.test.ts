import { createHash } from 'node:crypto';
import test from 'ava';
import { consistencyProof, inclusionProof } from '../../sidecar/audit/tree/proofs.js';
import { createTreeEdge } from '../../sidecar/audit/tree/tree-edge.js';
import { createRootStream, isConsistent, isIncluded } from '../../sidecar/audit/verify/merkle.js';
import { createLeafTiles } from '../../sidecar/storage/leaf-tiles.js';
import { memoryTreeOf } from './tree/memory-tree.js';
import { leafHashOf } from './tree/reference.js';
import {
  type GeneratedTree,
  type ProofVectors,
  type PublishedTree,
  readVectors,
  type TreeVectors,
} from './vectors/vectors.js';

const { eightLeaves, argon2020 } = readVectors<PublishedTree>('tree-published.json');
const generated = readVectors<GeneratedTree>('tree-generated.json');
const proofs = readVectors<ProofVectors>('proofs.json');

const unhex = (text: string) => Buffer.from(text, 'hex');
const unbase64 = (text: string) => Buffer.from(text, 'base64');
const eight = eightLeaves.leaves.map((leaf) => leafHashOf(unhex(leaf)));
const counted = Array.from({ length: 70_000 }, (_, index) => leafHashOf(String(index)));

const treeHolds = test.macro(async (t, vectors: TreeVectors, leafHashes: readonly Buffer[]) => {
  const { reader } = memoryTreeOf(leafHashes);
  for (const { index, size, proof } of vectors.inclusion) {
    t.deepEqual(await inclusionProof(reader, index, size), proof.map(unhex), `leaf ${index} of ${size}`);
  }
  for (const { from, size, proof } of vectors.consistency) {
    t.deepEqual(await consistencyProof(reader, from, size), proof.map(unhex), `${from} of ${size}`);
  }
});

const proofsHold = test.macro((t, vectors: TreeVectors, leafHashes: readonly Buffer[]) => {
  const stream = createRootStream();
  const roots = [stream.root()];
  for (const leafHash of leafHashes) {
    stream.add(leafHash.toString('hex'));
    roots.push(stream.root());
  }
  const rootOf = (size: number) => roots[size] as Buffer;
  for (const { index, size, proof } of vectors.inclusion) {
    const leaf = { hash: leafHashes[index] as Buffer, index };
    t.true(isIncluded(leaf, { size, root: rootOf(size) }, proof.map(unhex)), `leaf ${index} of ${size}`);
  }
  for (const { from, size, proof } of vectors.consistency) {
    const [first, second] = [
      { size: from, root: rootOf(from) },
      { size, root: rootOf(size) },
    ];
    t.true(isConsistent(first, second, proof.map(unhex)), `${from} of ${size}`);
  }
});

test('the writer gives the published proofs of the eight leaves', treeHolds, eightLeaves, eight);
test('the writer gives the generated proofs', treeHolds, generated, counted);
test('the verifier accepts the published proofs of the eight leaves', proofsHold, eightLeaves, eight);
test('the verifier accepts the generated proofs', proofsHold, generated, counted);

test('writer and verifier give the published roots and nodes of the eight leaves', (t) => {
  const [edge, stream] = [createTreeEdge(), createRootStream()];
  const roots = eightLeaves.roots.map((_, size) => {
    if (size > 0) edge.append(eight[size - 1] as Buffer);
    if (size > 0) stream.add(String(eight[size - 1]?.toString('hex')));
    return [edge.root().toString('hex'), stream.root().toString('hex')];
  });
  t.deepEqual(
    roots,
    eightLeaves.roots.map((root) => [root, root]),
  );
  t.deepEqual(
    eight.map((hash) => hash.toString('hex')),
    eightLeaves.nodes[0],
  );
});

test('writer and verifier give the generated roots, and the writer hands out the hashes of full tiles', (t) => {
  const [edge, stream] = [createTreeEdge(), createRootStream()];
  const handedOut = new Map<string, string>();
  const check = (size: number) => {
    const expected = generated.roots.find((entry) => entry.size === size)?.root;
    if (expected === undefined) return;
    t.is(edge.root().toString('hex'), expected, `writer, ${size}`);
    t.is(stream.root().toString('hex'), expected, `verifier, ${size}`);
  };
  check(0);
  for (const [index, leafHash] of counted.entries()) {
    for (const node of edge.append(leafHash)) {
      handedOut.set(`${node.level}/${node.index}`, Buffer.from(node.hash).toString('hex'));
    }
    stream.add(leafHash.toString('hex'));
    check(index + 1);
  }
  for (const { level, index, hash } of generated.nodes) t.is(handedOut.get(`${level}/${index}`), hash);
  t.is(handedOut.size, Math.floor(70_000 / 256) + 1);
});

test('full tiles of leaf hashes are stored as generated', (t) => {
  const edge = createTreeEdge();
  const nodes = counted.flatMap((leafHash) => edge.append(leafHash));
  const leaves = counted.map((leafHash, seq) => ({ seq, hash: leafHash.toString('hex') }));
  const rows = createLeafTiles().rowsOf(leaves, nodes);
  t.is(rows.length, Math.floor(70_000 / 256));
  const stored = new Map(rows.map(({ key, value }) => [Buffer.from(key).toString('hex'), value]));
  for (const { key, value_bytes, value_sha256 } of generated.tiles) {
    const value = stored.get(key) ?? Buffer.of();
    t.is(value.length, value_bytes);
    t.is(createHash('sha256').update(value).digest('hex'), value_sha256);
  }
});

test('the verifier accepts proofs of a public Certificate Transparency log with a thousand million leaves', (t) => {
  const tree = { size: argon2020.size, root: unbase64(argon2020.root) };
  const leaf = { hash: leafHashOf(unbase64(argon2020.leaf)), index: argon2020.index };
  t.true(isIncluded(leaf, tree, argon2020.inclusion.map(unbase64)));
  const first = { size: argon2020.from, root: unbase64(argon2020.fromRoot) };
  t.true(isConsistent(first, tree, argon2020.consistency.map(unbase64)));
});

test('the verifier accepts no changed proof', (t) => {
  for (const { why, index, leafHash, size, root, proof, holds } of proofs.inclusion) {
    const leaf = { hash: unhex(leafHash), index };
    t.is(isIncluded(leaf, { size, root: unhex(root) }, proof.map(unhex)), holds, `${why}: ${index} of ${size}`);
  }
  for (const { why, from, fromRoot, size, root, proof, holds } of proofs.consistency) {
    const [first, second] = [
      { size: from, root: unhex(fromRoot) },
      { size, root: unhex(root) },
    ];
    t.is(isConsistent(first, second, proof.map(unhex)), holds, `${why}: ${from} of ${size}`);
  }
});

test('every changed bit of a proof, a leaf or a root is noticed by the verifier', async (t) => {
  const [index, size] = [200, 300];
  const { reader } = memoryTreeOf(counted.slice(0, size));
  const stream = createRootStream();
  for (const leafHash of counted.slice(0, size)) stream.add(leafHash.toString('hex'));
  const parts = [counted[index] as Buffer, stream.root(), ...(await inclusionProof(reader, index, size))];
  const whole = Buffer.concat(parts);
  const holds = (bytes: Buffer) => {
    const [hash, root, ...proof] = parts.map((_, at) => bytes.subarray(at * 32, at * 32 + 32)) as [Buffer, Buffer];
    return isIncluded({ hash, index }, { size, root }, proof);
  };
  t.true(holds(whole));
  const digest = createHash('sha256').update(whole).digest('hex');
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    if (holds(changed)) t.fail(`bit ${bit}`);
  }
  t.is(createHash('sha256').update(whole).digest('hex'), digest);
});
