"""A log of which leaves were removed, as cases. From docs/log-format.md; used by generate.py."""

import base64
import hashlib

import verify
from leaves import DECISION, LOG_ID, OPEN, Log, key_leaf
from payload_rows import key as row_key

MIN_SEQ = 768
PRUNE_SEQ = 777
SIZE = 780


def sealed(seq):
    """Bytes that could be an envelope."""
    return b"\x01" + seq.to_bytes(8, "big")


def root_of(hashes):
    """RFC 6962 2.1, by its definition."""
    if not hashes:
        return verify.EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    middle = verify.split_of(len(hashes))
    return verify.node_hash(root_of(hashes[:middle]), root_of(hashes[middle:]))


def pruned_vectors(keys, line_of):
    """`keys`: those of two epochs; `line_of`: signs the text of a checkpoint."""
    log = Log()
    log.add(OPEN)
    while len(log.leaves) < SIZE:
        if len(log.leaves) == 100:
            log.epoch = 2
            log.add(key_leaf("rotate", 2, keys[0], keys[1]))
        elif len(log.leaves) == PRUNE_SEQ:
            log.add(prune_fields(log.leaves))
        else:
            envelope = hashlib.sha256(sealed(len(log.leaves))).hexdigest()
            log.add({**DECISION, "route": f"route-{len(log.leaves)}", "envelope": envelope})
    prune, key = (log.leaves[at].decode("utf-8") for at in (PRUNE_SEQ, 100))

    def checkpoint(size):
        root = base64.b64encode(root_of([verify.leaf_hash(leaf) for leaf in log.leaves[:size]])).decode("ascii")
        text = f"jimini.log/{LOG_ID}\n{size}\n{root}\n"
        return f"{text}\n{line_of(keys[1], text)}"

    cases = []

    def case(why, rule=None, first=MIN_SEQ, end=SIZE, boundary=(prune, key), signed=SIZE, status=None):
        entries = [leaf.decode("utf-8") for leaf in log.leaves[first:end]]
        status = status or ("tampered" if rule else "ok")
        cases.append({"why": why, "status": status, "rule": rule, "checkpoint": checkpoint(signed), "boundary": boundary,
                      "entries": entries})  # fmt: skip

    case("as it is")
    case("its end not signed yet", "checkpoint", signed=SIZE - 1, status="unanchored")
    case("the prune leaf not signed yet", "boundary", signed=PRUNE_SEQ)
    case("one leaf more removed", "seq", first=MIN_SEQ + 1)
    case("one leaf fewer removed", "seq", first=MIN_SEQ - 1)
    case("without the prune leaf in its place", "checkpoint", end=PRUNE_SEQ, status="truncated")
    case("without its boundary", "seq", boundary=None)
    case("without its key leaf", "boundary", boundary=(prune,))
    case("with a key leaf too many", "boundary", boundary=(prune, key, key))
    case("with the key leaf in front", "boundary", boundary=(key, prune))
    case("with a prune leaf that says another number", "boundary", boundary=(prune.replace(":777,", ":778,"), key))
    case("with a prune leaf that says another time", "boundary", boundary=(prune.replace(":1767225600777", ":1"), key))
    case("with a prune leaf that says fewer leaves", "boundary", boundary=(prune.replace(":768,", ":256,"), key))
    case("with other bytes of the key leaf", "boundary", boundary=(prune, key.replace("rotate", "gap")))
    vectors = {"log_id": LOG_ID, "min_seq": MIN_SEQ, "keys": [keys[1].text, keys[0].text]}
    return {**vectors, "cases": cases, "payloads": payload_cases()}


def payload_cases():
    """Rows beside the leaves that are kept, and beside some that are not."""
    cases = []
    whole = {row_key(b"e", seq): sealed(seq) for seq in range(MIN_SEQ, SIZE) if seq != PRUNE_SEQ}

    def case(why, change, seq=None):
        rows = {name: value for name, value in {**whole, **change}.items() if value is not None}
        pairs = [[name.hex(), rows[name].hex()] for name in sorted(rows)]
        cases.append({"why": why, "rows": pairs, "rule": None if seq is None else "envelope", "seq": seq or 0})

    case("every envelope is there", {})
    case("some of removed leaves are still there", {row_key(b"e", seq): sealed(seq) for seq in (0, 500, MIN_SEQ - 1)})
    case("a changed one of a removed leaf", {row_key(b"e", MIN_SEQ - 1): b"changed"})
    case("a tombstone of a removed leaf", {row_key(b"x", MIN_SEQ - 1): b""})
    for seq in (MIN_SEQ, MIN_SEQ + 5, SIZE - 1):
        case(f"that of leaf {seq} is missing", {row_key(b"e", seq): None}, seq)
        case(f"that of leaf {seq} is another one", {row_key(b"e", seq): sealed(MIN_SEQ - 1)}, seq)
        case(f"that of leaf {seq} is a tombstone of nothing", {row_key(b"e", seq): None, row_key(b"x", seq): b""}, seq)
    case("all are missing", dict.fromkeys(whole), MIN_SEQ)
    case("one beside the prune leaf", {row_key(b"e", PRUNE_SEQ): sealed(PRUNE_SEQ)}, PRUNE_SEQ)
    case("one behind the last leaf", {row_key(b"e", SIZE): sealed(SIZE)}, SIZE)
    case("a key without a number", {b"e": sealed(0)}, MIN_SEQ)
    case("a key that is cut", {row_key(b"x", MIN_SEQ - 1)[:-1]: b""}, MIN_SEQ)
    return cases


def prune_fields(leaves):
    hashes = [verify.leaf_hash(leaf) for leaf in leaves[:MIN_SEQ]]
    peaks = [root_of(hashes[:512]).hex(), root_of(hashes[512:]).hex()]
    key_root = verify.leaf_hash(leaves[100]).hex()
    fields = {"kind": "prune", "min_seq": MIN_SEQ, "peaks": peaks, "key_root": key_root}
    return {**fields, "approvers": [], "reason": "retention"}
