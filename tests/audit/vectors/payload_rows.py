"""Rows beside the leaves as cases: envelopes and tombstones. From docs/log-payload.md; used by generate.py."""

import hashlib
import hmac

import verify
from leaves import DECISION, FOR_A_PERSON, HASH_A, OPEN, Log

SEED = bytes(range(32))
NOTHING = {**DECISION, "c_request_id": "", "envelope": ""}
ERASED = (1, 3, 6)


def sealed(seq):
    """Bytes that could be an envelope: what is in them needs a key, and none is looked at."""
    return b"\x01\x00" + b"2026-11-28" + hashlib.shake_128(str(seq).encode("ascii")).digest(40 + seq)


def nonce(index):
    info = b"jimini/nonce/v1\0seq\0" + index.to_bytes(4, "big")
    return hmac.new(SEED, info + b"\x01", hashlib.sha256).digest()


def seq_leaf(index, seq):
    return verify.leaf_hash(b"jimini/seq/v1\0" + nonce(index) + seq.to_bytes(8, "big"))


def root_and_path(hashes, index):
    """Root of RFC 6962 2.1 over hashes, and the hashes beside the way to one of them, from below: (stands left, hash)."""
    if len(hashes) == 1:
        return hashes[0], []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    if index < middle:
        root, path = root_and_path(hashes[:middle], index)
        beside = root_and_path(hashes[middle:], 0)[0]
        return verify.node_hash(root, beside), [*path, (False, beside)]
    root, path = root_and_path(hashes[middle:], index - middle)
    beside = root_and_path(hashes[:middle], 0)[0]
    return verify.node_hash(beside, root), [*path, (True, beside)]


def erasure(seqs):
    """(c_seqs, for each number what its tombstone holds behind the number of the `erase` leaf)."""
    hashes = [seq_leaf(index, seq) for index, seq in enumerate(seqs)]
    proofs = {}
    for index, seq in enumerate(seqs):
        path = root_and_path(hashes, index)[1]
        bits = sum(1 << level for level, (is_left, _) in enumerate(path) if is_left)
        proofs[seq] = nonce(index) + bits.to_bytes(4, "big") + b"".join(beside for _, beside in path)
    return root_and_path(hashes, 0)[0].hex(), proofs


def key(letter, seq):
    return letter + seq.to_bytes(8, "big")


def log_of(erase_fields, last_below):
    """open; decisions, of which 2 and 5 have no envelope; two `erase` leaves at 8 and 9; 10 to 13 decisions; one at 14; close."""
    log = Log()
    log.add(OPEN)
    for seq in range(1, 8):
        envelope = hashlib.sha256(sealed(seq)).hexdigest()
        log.add(NOTHING if seq in (2, 5) else {**DECISION, "envelope": envelope})
    log.add(erase_fields)
    log.add({"kind": "erase", "op": "subject", **FOR_A_PERSON, "c_seqs": erasure([4])[0]})
    for seq in range(10, 14):
        envelope = hashlib.sha256(sealed(seq)).hexdigest()
        log.add({**DECISION, "envelope": envelope, "tenant": "a"} if seq != 12 else NOTHING)
    log.add({"kind": "erase", "op": "day", **FOR_A_PERSON, "c_seqs": "", **last_below})
    log.add({"kind": "close", "reason": "shutdown"})
    return [leaf.decode("utf-8") for leaf in log.leaves]


def payload_row_vectors():
    root, proofs = erasure(ERASED)
    subject = {"kind": "erase", "op": "subject", **FOR_A_PERSON}
    logs = {
        "erased": log_of({**subject, "c_seqs": root}, {}),
        "other root": log_of({**subject, "c_seqs": HASH_A}, {}),
        "no root": log_of({**subject, "c_seqs": ""}, {}),
        "of a hold": log_of({**subject, "kind": "hold", "c_seqs": root}, {}),
        "below 12": log_of({**subject, "c_seqs": root}, {"below_seq": 12}),
        "below 11": log_of({**subject, "c_seqs": root}, {"below_seq": 11}),
        "below 13, then 2": log_of({**subject, "c_seqs": root, "below_seq": 2}, {"below_seq": 13}),
    }
    with_one = [seq for seq in range(1, 14) if seq not in (2, 5, 8, 9, 12)]
    cases = []

    def tombstone(seq, erase_seq=8, proof=None, version=b"\x01"):
        return version + erase_seq.to_bytes(8, "big") + (proofs[seq] if proof is None else proof)

    def rows_of(erased=(), gone=()):
        rows = {key(b"e", seq): sealed(seq) for seq in with_one if seq not in (*erased, *gone)}
        return rows | {key(b"x", seq): tombstone(seq) for seq in erased}

    def case(why, rows, seq=None, log="erased"):
        pairs = [[name.hex(), rows[name].hex()] for name in sorted(rows) if rows[name] is not None]
        cases.append({"why": why, "log": log, "rows": pairs, "rule": None if seq is None else "envelope", "seq": seq or 0})

    whole = rows_of()
    envelope = sealed(6)
    case("every envelope is there", whole)
    case("no envelope at all", {}, 1)
    case("the first one is missing", rows_of(gone=(1,)), 1)
    case("the last one is missing", rows_of(gone=(13,)), 13)
    case("two are missing", rows_of(gone=(4, 7)), 4)
    for why, data in [
        ("a byte more", envelope + b"\0"),
        ("a byte less", envelope[:-1]),
        ("a byte less in front", envelope[1:]),
        ("nothing in it", b""),
        ("its first bit changed", bytes([envelope[0] ^ 1]) + envelope[1:]),
        ("its last bit changed", envelope[:-1] + bytes([envelope[-1] ^ 0x80])),
        ("that of another leaf", sealed(7)),
    ]:
        case(f"an envelope, {why}", {**whole, key(b"e", 6): data}, 6)
    case("two envelopes swapped", {**whole, key(b"e", 6): sealed(7), key(b"e", 7): envelope}, 6)
    case("one envelope at another place", {**rows_of(gone=(6,)), key(b"e", 5): envelope}, 5)
    for seq, why in [(0, "open"), (2, "a decision that has none"), (8, "an erase leaf"), (15, "close")]:
        case(f"an envelope beside {why}", {**whole, key(b"e", seq): envelope}, seq)
        case(f"a tombstone beside {why}", {**whole, key(b"x", seq): tombstone(6)}, seq)
    for name in (b"e", b"x"):
        for number in (16, 2**53, 2**64 - 1):
            case(f"a row {name.decode()} {number} behind the last leaf", {**whole, key(name, number): envelope}, 16)
        case(f"a key {name.decode()} that is cut", {**whole, key(name, 6)[:-1]: envelope}, 0)
        case(f"a key {name.decode()} without a number", {**whole, name: envelope}, 0)
        case(f"a key {name.decode()} with a byte more", {**whole, key(name, 3) + b"\0": envelope}, 4 if name == b"e" else 0)

    erased = rows_of(erased=ERASED)
    case("three were erased", erased)
    case("one of three was erased", rows_of(erased=(3,)))
    case("one of three is gone without a tombstone", {**rows_of(erased=(1, 3), gone=(6,))}, 6)
    case("one that was not erased is gone", rows_of(erased=ERASED, gone=(7,)), 7)
    case("one is erased and there all the same", {**erased, key(b"e", 3): sealed(3)}, 3)
    alone = {**rows_of(gone=(4,)), key(b"x", 4): tombstone(4, 9, erasure([4])[1][4])}
    case("the only one of its erasure", alone)
    case("two erasures", {**erased, **alone, **{key(b"e", seq): None for seq in (*ERASED, 4)}})
    case("a tombstone of another erasure", {**alone, key(b"x", 4): tombstone(4, 8, erasure([4])[1][4])}, 4)
    for log in ("other root", "no root", "of a hold"):
        case(f"the leaf that it names does not erase it: {log}", erased, 1, log)

    def changed(why, data):
        case(f"a tombstone {why}", {**erased, key(b"x", 3): data}, 3)

    good = tombstone(3)
    changed("of version 2", tombstone(3, version=b"\x02"))
    changed("of version 0", tombstone(3, version=b"\x00"))
    changed("of another number", tombstone(6))
    changed("that names itself", tombstone(3, 3))
    changed("that names a leaf before it", tombstone(3, 0))
    changed("that names a leaf that is no erase leaf", tombstone(3, 7))
    changed("that names another erase leaf", tombstone(3, 9))
    changed("that names a leaf that is not there", tombstone(3, 16))
    changed("that names a leaf beyond 2^53", tombstone(3, 2**53))
    changed("with another nonce", tombstone(3, proof=nonce(2) + proofs[3][32:]))
    changed("with another path", tombstone(3, proof=proofs[3][:32] + bytes(4) + proofs[3][36:]))
    changed("with a path that is too long", tombstone(3, proof=proofs[3][:32] + b"\0\0\0\x05" + proofs[3][36:]))
    changed("with a hash too many", good + bytes(32))
    changed("with a hash too few", good[:-32])
    changed("with 33 hashes", good + bytes(32 * 31))
    changed("that is cut", good[:-1])
    changed("with a byte more", good + b"\0")
    changed("without a proof", good[:9])
    changed("that is empty", b"")
    changed("that is an envelope", sealed(3))

    gone = tuple(seq for seq in with_one if seq < 12)
    case("all below a number are gone", rows_of(gone=gone), None, "below 12")
    case("some below a number are gone", rows_of(gone=(3, 11)), None, "below 12")
    case("some below a number are gone, others erased", rows_of(erased=(1, 3), gone=(6, 10)), None, "below 12")
    case("one behind the number is gone", rows_of(gone=(3, 13)), 13, "below 12")
    case("the one at the number is gone", rows_of(gone=(10, 11)), 11, "below 11")
    case("the largest number counts", rows_of(gone=gone), None, "below 13, then 2")
    case("a changed envelope below the number", {**rows_of(gone=(3,)), key(b"e", 6): sealed(7)}, 6, "below 12")
    return {"logs": logs, "cases": cases}
