#!/usr/bin/env python3
"""Holds tests/audit/verify.py against every vector of this folder. Prints what differs, and how many were checked."""

import argparse
import base64
import hashlib
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import verify  # noqa: E402

FILLER = "\u25a0"


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def accepted(call, *arguments):
    """What the call gives, or None when it refuses."""
    try:
        return call(*arguments)
    except verify.Refused:
        return None


class Checks:
    def __init__(self):
        self.count = 0
        self.failures = []

    def equal(self, what, actual, expected):
        self.count += 1
        if actual != expected:
            self.failures.append(f"{what}: {actual!r} instead of {expected!r}")


def check_trees(checks):
    eight = load("tree-published.json")["eightLeaves"]
    hashes = [verify.leaf_hash(leaf) for leaf in unhex(eight["leaves"])]
    checks.equal("leaf hashes", hashes, unhex(eight["nodes"][0]))
    check_tree(checks, eight, hashes, dict(enumerate(unhex(eight["roots"]))))

    made = load("tree-generated.json")
    hashes = [verify.leaf_hash(str(index).encode("ascii")) for index in range(70_000)]
    check_tree(checks, made, hashes, {case["size"]: bytes.fromhex(case["root"]) for case in made["roots"]})

    for case in made["tiles"]:
        key = bytes.fromhex(case["key"])
        tile = hashes[int.from_bytes(key[2:10], "big") * 256 :][:256]
        stream = verify.RootStream()
        for digest in tile:
            stream.add(digest)
        checks.equal("key of a tile", key, b"t\0" + key[2:10] + stream.root())
        checks.equal("bytes of a tile", case["value_bytes"], 32 * len(tile))
        checks.equal("value of a tile", case["value_sha256"], hashlib.sha256(b"".join(tile)).hexdigest())

    argon = load("tree-published.json")["argon2020"]
    plain = base64.b64decode
    tree = (argon["size"], plain(argon["root"]))
    leaf = verify.leaf_hash(plain(argon["leaf"]))
    included = verify.is_included(leaf, argon["index"], *tree, [plain(text) for text in argon["inclusion"]])
    checks.equal("argon2020 inclusion", included, True)
    proof = [plain(text) for text in argon["consistency"]]
    consistent = verify.is_consistent(argon["from"], plain(argon["fromRoot"]), *tree, proof)
    checks.equal("argon2020 consistency", consistent, True)


def check_tree(checks, vectors, hashes, expected):
    stream = verify.RootStream()
    roots = {0: stream.root()}
    wanted = {case["size"] for case in vectors["inclusion"] + vectors["consistency"]}
    wanted |= {case["from"] for case in vectors["consistency"]} | set(expected)
    for size, digest in enumerate(hashes, 1):
        stream.add(digest)
        if size in wanted:
            roots[size] = stream.root()
    for size, root in expected.items():
        checks.equal(f"root of {size}", roots[size], root)
    for case in vectors["inclusion"]:
        index, size = case["index"], case["size"]
        held = verify.is_included(hashes[index], index, size, roots[size], unhex(case["proof"]))
        checks.equal(f"inclusion of {index} in {size}", held, True)
    for case in vectors["consistency"]:
        old, size = case["from"], case["size"]
        held = verify.is_consistent(old, roots[old], size, roots[size], unhex(case["proof"]))
        checks.equal(f"consistency of {old} with {size}", held, True)


def check_proofs(checks):
    vectors = load("proofs.json")
    for case in vectors["inclusion"]:
        leaf, root = bytes.fromhex(case["leafHash"]), bytes.fromhex(case["root"])
        held = verify.is_included(leaf, case["index"], case["size"], root, unhex(case["proof"]))
        checks.equal(f"inclusion, {case['why']}, {case['index']} in {case['size']}", held, case["holds"])
    for case in vectors["consistency"]:
        first, second = bytes.fromhex(case["fromRoot"]), bytes.fromhex(case["root"])
        held = verify.is_consistent(case["from"], first, case["size"], second, unhex(case["proof"]))
        checks.equal(f"consistency, {case['why']}, {case['from']} with {case['size']}", held, case["holds"])


def check_notes(checks):
    for case in load("notes.json"):
        filler = "x" * case.get("filler", 0)
        data = base64.b64decode(case["base64"]) if "base64" in case else case["note"].replace(FILLER, filler).encode()
        keys = [verify.read_key(key) for key in case["keys"]]
        opened = accepted(verify.open_note, data, keys)
        checks.equal(f"note, {case['why']}", opened is not None, case["holds"])
        if opened and case["holds"]:
            expected = [
                (verify.read_key(signer["key"]), int(signer["timestampS"]) if "timestampS" in signer else None)
                for signer in case["signers"]
            ]
            checks.equal(f"text, {case['why']}", opened[0], case["text"].replace(FILLER, filler))
            checks.equal(f"signers, {case['why']}", opened[1], expected)
        expected = case.get("checkpoint")
        checks.equal(
            f"checkpoint, {case['why']}",
            accepted(verify.open_checkpoint, data, keys),
            expected and (expected["origin"], expected["size"], bytes.fromhex(expected["root"])),
        )
        if expected and opened:
            extensions = [line.replace(FILLER, filler) for line in expected["extensions"]]
            checks.equal(f"extensions, {case['why']}", verify.parse_checkpoint(opened[0])[3], extensions)


def check_keys(checks):
    for case in load("keys.json"):
        checks.equal(f"key, {case['why']}", accepted(verify.read_key, case["key"]) is not None, case["holds"])


def check_proof_files(checks):
    for case in load("proof-files.json"):
        keys = [verify.read_key(key) for key in case["keys"]]
        proof = accepted(verify.check_proof, case["file"].encode(), bytes.fromhex(case["leafHash"]), keys)
        expected = (case["index"], case["size"]) if case["holds"] else None
        checks.equal(f"proof file, {case['why']}", proof and (proof[0], proof[1][1]), expected)


def rule_of(lines):
    """(rule that is broken first or None, leaves that hold)."""
    chain = verify.Chain(verify.Epochs([]))
    try:
        for line in lines:
            chain.add(line)
    except verify.Fault as fault:
        return fault.rule, chain
    return None, chain


def check_leaves(checks):
    vectors = load("leaves.json")
    rule, chain = rule_of([line.encode() for line in vectors["log"]])
    checks.equal("the log of all kinds", (rule, chain.size, chain.opaque, chain.epoch), (None, 64, 3, 3))
    first = vectors["cases"]["first"].encode()
    for case in vectors["cases"]["leaves"]:
        data = base64.b64decode(case["base64"]) if "base64" in case else case["leaf"].encode()
        checks.equal(f"leaf, {case['why']}", rule_of([first, data])[0], case["rule"])
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "entries.jsonl")
        for case in vectors["files"]:
            with open(path, "wb") as file:
                file.write(base64.b64decode(case["base64"]))
            rule, chain = rule_of(verify.lines_of(path))
            checks.equal(f"file, {case['why']}", (rule, chain.size if rule else 0), (case["rule"], case["seq"]))


def check_payload_rows(checks):
    vectors = load("payload-rows.json")
    logs = {name: [verify.read_leaf(leaf.encode()) for leaf in leaves] for name, leaves in vectors["logs"].items()}
    for name, leaves in vectors["logs"].items():
        checks.equal(f"the log, {name}", rule_of([leaf.encode() for leaf in leaves])[0], None)
    for case in vectors["cases"]:
        found = (None, 0)
        try:
            verify.check_payload_rows(logs[case["log"]], [tuple(unhex(pair)) for pair in case["rows"]])
        except verify.Fault as fault:
            found = (fault.rule, fault.seq)
        checks.equal(f"rows, {case['why']}", found, (case["rule"], case["seq"]))


def check_pruned(checks):
    vectors = load("pruned.json")
    kept = [verify.read_leaf(leaf.encode()) for leaf in vectors["cases"][0]["entries"]]
    for case in vectors["payloads"]:
        found = (None, 0)
        try:
            verify.check_payload_rows(kept, [tuple(unhex(pair)) for pair in case["rows"]], vectors["min_seq"])
        except verify.Fault as fault:
            found = (fault.rule, fault.seq)
        checks.equal(f"pruned, rows, {case['why']}", found, (case["rule"], case["seq"]))
    with tempfile.TemporaryDirectory() as directory:
        for case in vectors["cases"]:
            files = {"entries.jsonl": case["entries"], "boundary.jsonl": case["boundary"], "key.pub": vectors["keys"]}
            files = {name: "".join(line + "\n" for line in lines) for name, lines in files.items() if lines is not None}
            files["checkpoint"] = case["checkpoint"]
            for name in os.listdir(directory):
                os.remove(os.path.join(directory, name))
            for name, text in files.items():
                with open(os.path.join(directory, name), "wb") as file:
                    file.write(text.encode("utf-8"))
            report = verify.verified(argparse.Namespace(export=directory, anchor=None, key=None))
            rule = report["fault"] and report["fault"]["rule"]
            checks.equal(f"pruned, {case['why']}", (report["status"], rule), (case["status"], case["rule"]))


def main():
    checks = Checks()
    for check in (check_leaves, check_payload_rows, check_trees, check_proofs, check_notes, check_keys, check_proof_files, check_pruned):
        check(checks)
    for failure in checks.failures:
        print(failure)
    print(f"{checks.count} checked, {len(checks.failures)} differ")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
