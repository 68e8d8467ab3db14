#!/usr/bin/env python3
"""Verifies an export of a Jimini log without any code of Jimini: Python's standard library, and `openssl` for Ed25519.

    verify.py --export DIR [--anchor FILE] [--key FILE] [--format text|json]
    verify.py --many < LINES

DIR holds entries.jsonl and, where there are any, checkpoint, key.pub, boundary.jsonl, segment.json, keys.jsonl
and files *.tlog-proof (docs/log-format.md, docs/log-tree.md). FILE of --anchor is a checkpoint that was kept elsewhere. FILE of --key holds verifier keys, one a line;
without it the key.pub of the export is believed, and the signer is not pinned. --many reads the options of many
verifications, one JSON object a line ({"export": DIR, "anchor": FILE, "key": FILE}), and prints a report a line.

Exit codes: 0 ok; 1 tampered; 2 truncated against an anchor, a checkpoint or a proof; 3 leaves after the last checkpoint;
4 bad input.
"""

import argparse
import base64
import datetime
import functools
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile

LEAF_BYTES_MAX = 8 * 1024
LEAF_DEPTH_MAX = 8
NOTE_BYTES_MAX = 256 * 1024
PROOF_BYTES_MAX = 512 * 1024
PROOF_HASHES_MAX = 63
KEY_CHARS_MAX = 1024
KEYS_MAX = 512
KEY_FILE_BYTES_MAX = 64 * 1024
PROOFS_MAX = 100
SEGMENT_BYTES_MAX = LEAF_BYTES_MAX + 1
BOUNDARY_BYTES_MAX = 513 * (LEAF_BYTES_MAX + 1)
SAFE_MAX = 2**53 - 1


class Refused(Exception):
    """A note, checkpoint, proof or key that is not accepted."""


class UnknownSigner(Refused):
    """A note that no known key signed."""


class Fault(Exception):
    """The place at which a log stops holding."""

    def __init__(self, rule, found, seq=None):
        super().__init__(found)
        self.rule = rule
        self.found = found
        self.seq = seq


class BadInput(Exception):
    """Nothing that can be verified."""


# --- Leaves (docs/log-format.md) ------------------------------------------------------------------------------------


def canonical(value, depth=1):
    """RFC 8785 restricted to what a leaf may hold. Raises ValueError for anything else."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > SAFE_MAX:
            raise ValueError("an integer is not safe")
        return str(value)
    if depth > LEAF_DEPTH_MAX:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(n) + ":" + canonical(value[n], depth + 1) for n in names) + "}"
    raise ValueError("a value of a kind that the format does not know")


def refuse_number(text):
    raise ValueError("a number that is not an integer: " + text[:20])


def object_of(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def read_leaf(data):
    """The members of a leaf whose bytes are exactly its canonical form. Raises Fault."""
    if len(data) > LEAF_BYTES_MAX:
        raise Fault("size", "the leaf has more than 8192 bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("utf-8", "the leaf is not well-formed UTF-8") from None
    try:
        leaf = json.loads(text, parse_float=refuse_number, parse_constant=refuse_number, object_pairs_hook=object_of)
        # What is written again and gives other bytes was not canonical: order, white space, escapes, -0.
        is_canonical = isinstance(leaf, dict) and canonical(leaf).encode("utf-8") == data
    except (ValueError, RecursionError):
        is_canonical = False
    if not is_canonical:
        raise Fault("canonical", "the leaf is not in canonical form")
    return leaf


def is_count(value):
    return type(value) is int and value >= 0


def is_text(value):
    return isinstance(value, str)


def is_one_of(*words):
    return lambda value: isinstance(value, str) and value in words


def is_texts(most):
    return lambda value: isinstance(value, list) and len(value) <= most and all(isinstance(item, str) for item in value)


def is_matching(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.A) is not None


def is_range(value):
    if not isinstance(value, list) or not all(is_count(item) for item in value):
        return False
    return not value or (len(value) == 2 and value[0] <= value[1])


def is_answer(value):
    if not isinstance(value, dict) or not all(is_text(value.get(name)) for name in ("model", "name", "rule")):
        return False
    return is_one_of("yes", "no", "failed")(value.get("said"))


def is_answers(value):
    return isinstance(value, list) and len(value) <= 8 and all(is_answer(item) for item in value)


def is_optional(check):
    return lambda value: value is None or check(value)


def is_bucket(value):
    match = isinstance(value, str) and re.fullmatch("(0|[1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?", value, re.A)
    if not match:
        return False
    low, high = match[1], match[2]
    return low == "0" if high is None else low != "0" and int(low) <= int(high)


VERDICT = is_one_of("ALLOW", "FLAG", "MASK", "BLOCK")
HASH = is_matching("[0-9a-f]{64}")
HASH_OR_EMPTY = is_matching("[0-9a-f]{64}|")
WORD = is_matching("[a-z][a-z0-9_]{0,31}")
COMMON = {
    "epoch": lambda value: is_count(value) and value > 0,
    "time_ms": is_count,
    "mono_ns": is_matching("0|[1-9][0-9]{0,19}"),
}
OPEN = {"version": is_text, "policy_revision": is_text, "recovered_size": is_count}
DECISION = {
    "door": is_text,
    "direction": is_one_of("inbound", "outbound", ""),
    "route": is_text,
    "tenant": is_text,
    "raw": VERDICT,
    "effective": VERDICT,
    "rule_ids": is_texts(64),
    "rule_count": is_count,
    "gaps": is_texts(16),
    "gap_count": is_count,
    "policy_revision": is_text,
    "c_request_id": HASH_OR_EMPTY,
    "c_req": HASH_OR_EMPTY,
    "c_resp": HASH_OR_EMPTY,
    "c_subj": HASH_OR_EMPTY,
    "envelope": HASH_OR_EMPTY,
    "switch": is_optional(is_one_of("bypass", "lockdown", "maintenance")),
    "link_seq": is_optional(is_count),
    "answer": is_optional(is_one_of("inspected", "none")),
    "outcome": is_optional(is_one_of("complete", "aborted", "blocked_late", "observed")),
    "delivered": is_optional(is_bucket),
}
COMMITMENTS = ("c_request_id", "c_req", "c_resp", "c_subj")
POLICY_CHANGE = {"old_policy_revision": is_text, "new_policy_revision": is_text}
TOKEN_CHANGE = {"event": is_one_of("add", "change", "remove"), "token_id": is_matching("[a-z2-7]{16}")}
TOKEN = {"principal": is_text, "roles": is_texts(4), "expires_ms": is_count}
SWITCH = {
    "event": is_one_of("begin", "change", "lift", "expire"),
    "name": is_text,
    "digest": HASH,
    "first_shown_ms": is_count,
    "until_ms": is_count,
}
REFUSED = {
    "method": is_text,
    "reason": is_one_of("no_token", "bad_token", "expired_token", "no_role"),
    "principal": is_optional(is_text),
}
REFUSALS = {"count": lambda value: is_count(value) and value > 0, "first_ms": is_count, "last_ms": is_count}
UNRECORDED = {
    "records": is_count,
    "kept": is_range,
    "late": is_optional(is_range),
    "retired": is_optional(is_range),
    "first_ms": is_count,
    "last_ms": is_count,
}
DISCONTINUED = {
    "reason": is_one_of("log_shorter", "log_differs", "no_checkpoint", "leaves_gone"),
    "recovered_size": is_count,
    "signed_size": is_count,
    "signed_root": HASH,
}
KEY = {
    "what": is_one_of("rotate", "gap"),
    "old_key": is_text,
    "new_key": is_text,
    "old_signature": is_text,
    "new_signature": is_text,
}
FOR_A_PERSON = {
    "op": WORD,
    "c_request_id": HASH_OR_EMPTY,
    "c_tag": HASH_OR_EMPTY,
    "count": is_bucket,
    "c_seqs": HASH_OR_EMPTY,
    "approvers": is_texts(8),
    "reason": WORD,
}
ERASE = {**FOR_A_PERSON, "below_seq": is_optional(is_count)}
PRUNE = {"min_seq": is_count, "peaks": is_texts(53), "key_root": HASH, "approvers": is_texts(8), "reason": WORD}


def holds_all(leaf, checks):
    return all(check(leaf.get(name)) for name, check in checks.items())


def open_holds(leaf):
    if not holds_all(leaf, OPEN):
        return False
    closes = ("clean", "unclean") if leaf["seq"] else ("none",)
    return leaf["recovered_size"] <= leaf["seq"] and is_one_of(*closes)(leaf.get("previous_close"))


def decision_holds(leaf):
    if not holds_all(leaf, DECISION):
        return False
    if leaf["rule_count"] < len(leaf["rule_ids"]) or leaf["gap_count"] < len(leaf["gaps"]):
        return False
    if leaf.get("link_seq", -1) >= leaf["seq"]:
        return False
    if (leaf["envelope"] != "") != any(leaf[name] for name in COMMITMENTS):
        return False
    is_planned = leaf.get("switch") == "maintenance"
    if not is_texts(16)(leaf.get("windows")) if is_planned else "windows" in leaf:
        return False
    if "classifiers" not in leaf:
        return "classifier_count" not in leaf
    count = leaf.get("classifier_count")
    return is_answers(leaf["classifiers"]) and is_count(count) and count >= len(leaf["classifiers"])


def policy_change_holds(leaf):
    return holds_all(leaf, POLICY_CHANGE)


def token_change_holds(leaf):
    if not holds_all(leaf, TOKEN_CHANGE):
        return False
    if leaf["event"] == "remove":
        return not any(name in leaf for name in TOKEN)
    return holds_all(leaf, TOKEN)


def switch_holds(leaf):
    if not holds_all(leaf, SWITCH):
        return False
    if leaf["op"] == "maintenance":
        return is_count(leaf.get("from_ms"))
    return "from_ms" not in leaf and leaf["name"] in ("bypass", "lockdown")


def discontinued_holds(leaf):
    if not holds_all(leaf, DISCONTINUED):
        return False
    recovered, signed = leaf["recovered_size"], leaf["signed_size"]
    if leaf["reason"] == "no_checkpoint":
        return signed == 0 and recovered > 0 and leaf["signed_root"] == EMPTY_ROOT.hex()
    return (signed > recovered) == (leaf["reason"] == "log_shorter")


def gap_holds(leaf):
    if leaf.get("reason") == "store_unavailable":
        return holds_all(leaf, UNRECORDED)
    return discontinued_holds(leaf)


def key_of_log(text, log_id):
    """A key that signs checkpoints of this log, or None."""
    try:
        key = read_key(text)
    except Refused:
        return None
    return key if key[2] == 1 and key[0] == f"jimini.log/{log_id}" else None


def key_holds(leaf):
    return holds_all(leaf, KEY) and all(key_of_log(leaf[name], leaf["log_id"]) for name in ("old_key", "new_key"))


def prune_holds(leaf):
    if not holds_all(leaf, PRUNE):
        return False
    end = leaf["min_seq"]
    has_form = all(HASH(peak) for peak in leaf["peaks"]) and len(leaf["peaks"]) == bin(end).count("1")
    return has_form and end % 256 == 0 and end < leaf["seq"]


def for_a_person_holds(leaf):
    return holds_all(leaf, FOR_A_PERSON)


def erase_holds(leaf):
    return holds_all(leaf, ERASE) and leaf.get("below_seq", 0) <= leaf["seq"]


CONFIGS = {
    "reload": policy_change_holds,
    "packs": policy_change_holds,
    "start": policy_change_holds,
    "tokens": token_change_holds,
}
ADMINS = {
    "kill_switch": switch_holds,
    "maintenance": switch_holds,
    "refused": lambda leaf: holds_all(leaf, REFUSED),
    "refusals": lambda leaf: holds_all(leaf, REFUSALS),
    "acknowledge_gap": discontinued_holds,
}
KINDS = {
    "open": open_holds,
    "decision": decision_holds,
    "gap": gap_holds,
    "key": key_holds,
    "close": lambda leaf: is_one_of("shutdown", "error")(leaf.get("reason")),
    "export": for_a_person_holds,
    "erase": erase_holds,
    "restrict": for_a_person_holds,
    "hold": for_a_person_holds,
    "prune": prune_holds,
}
WITHIN = {"config": ("what", CONFIGS), "admin": ("op", ADMINS)}


def rule_of(leaf):
    """What tells whether the leaf has the fields of its kind; None: it is of a kind or operation of a later version."""
    kind = leaf.get("kind")
    if not is_text(kind):
        return lambda leaf: False
    if kind in WITHIN:
        name, rules = WITHIN[kind]
        return rules.get(leaf.get(name)) if is_text(leaf.get(name)) else lambda leaf: False
    return KINDS.get(kind)


def fields_hold(leaf):
    """Whether a leaf has the fields of its kind, apart from those that say where it is."""
    rule = rule_of(leaf)
    # null is no value that a leaf can hold, so that a name with None as its value is one that is not there.
    return holds_all(leaf, COMMON) and (rule is None or rule(leaf))


class KeyInForce:
    """The key in force at some place: `key` is None as long as no leaf has named it."""

    def __init__(self, ordinal, key=None, vouched=False):
        self.ordinal = ordinal
        self.key = key
        self.vouched = vouched


class Epochs:
    """Follows the keys of a log through its `key` leaves. `known`: keys from elsewhere."""

    def __init__(self, known):
        self.known = known
        self.current = KeyInForce(0)
        self.last_known = -1

    def is_trusted(self, in_force):
        """It is a known key, or signatures lead to it from one, of old keys forward or of new ones backward."""
        return in_force.vouched or in_force.ordinal <= self.last_known

    def take(self, leaf):
        """Takes a `key` leaf whose fields have their form. Raises Fault."""
        old, new = (key_of_log(leaf[name], leaf["log_id"]) for name in ("old_key", "new_key"))
        if old == new or self.current.key not in (None, old):
            raise Fault("signer", "the key leaf does not lead from the key in force to another one")
        lines = ["jimini-key/v1", new[0], str(leaf["epoch"]), leaf["what"], leaf["old_key"], leaf["new_key"], ""]
        statement = "\n".join(lines).encode("utf-8")
        has_old = leaf["old_signature"] != ""
        for key, text, is_there in ((new, leaf["new_signature"], True), (old, leaf["old_signature"], has_old)):
            if is_there and not self.holds(key, statement, text):
                raise Fault("signer", "the key leaf has a signature that does not hold")
        if self.current.key is None:
            self.current.key = old
            self.current.vouched = old in self.known
        ordinal = self.current.ordinal + 1
        if new in self.known:
            self.last_known = ordinal
        self.current = KeyInForce(ordinal, new, new in self.known or (self.current.vouched and has_old))

    @staticmethod
    def holds(key, statement, text):
        try:
            return ed25519_holds(key[3], statement, from_base64(text))
        except Refused:
            return False


class Chain:
    """Takes the leaves of a log one after the other, from the first one, or from where a boundary or a segment begins."""

    def __init__(self, epochs, start=None):
        self.epochs = epochs
        self.first = start.first if start else 0
        self.size = self.first
        self.log_id = start.log_id if start else None
        # Behind a boundary the first leaf is believed to say the hash of the one that is gone.
        self.prev = None if self.first else "0" * 64
        self.kind = None
        self.time_ms = 0
        self.epoch = len(start.key_leaves) + 1 if self.first else 0
        self.opaque = 0
        self.gaps = 0

    def add(self, data):
        """Returns the leaf hash. Raises Fault at the first leaf that does not hold."""
        leaf = read_leaf(data)
        if type(leaf.get("v")) is not int or leaf["v"] != 1:
            if self.size == 0 and is_count(leaf.get("v")) and leaf["v"] == 0 and is_count(leaf.get("epoch")) and leaf["epoch"] == 0:
                raise BadInput("this is a log of format v0: verify it with the version that wrote it")
            raise Fault("version", "the format version is not 1")
        log_id = leaf.get("log_id")
        if not isinstance(log_id, str) or not re.fullmatch("[a-z2-7]{26}", log_id):
            raise Fault("log_id", "the log id is not one")
        if self.log_id not in (None, log_id):
            raise Fault("log_id", "the log id is not that of the leaves before")
        if type(leaf.get("seq")) is not int or leaf["seq"] != self.size:
            raise Fault("seq", f"the leaf at {self.size} does not say that it is number {self.size}")
        if leaf.get("prev") != self.prev if self.prev else not HASH(leaf.get("prev")):
            raise Fault("prev", "prev is not the hash of the leaf before")
        if not fields_hold(leaf):
            raise Fault("fields", "the leaf does not have the fields of its kind")
        if self.size == 0 and leaf["kind"] != "open":
            raise Fault("first", "the first leaf is not of kind open")
        is_key = leaf["kind"] == "key"
        if leaf["epoch"] != (1 if self.size == 0 else self.epoch + is_key):
            raise Fault("epoch", "the epoch does not follow that of the leaf before")
        if is_key:
            self.epochs.take(leaf)
        digest = leaf_hash(data)
        self.size += 1
        self.log_id = log_id
        self.prev = digest.hex()
        self.kind = leaf["kind"]
        self.time_ms = leaf["time_ms"]
        self.epoch = leaf["epoch"]
        self.opaque += rule_of(leaf) is None
        self.gaps += leaf["kind"] == "gap"
        return digest


def lines_of(path):
    """The lines of entries.jsonl without their newlines; what is longer than a leaf may be comes cut, still too long."""
    with open_regular(path) as file:
        while line := file.readline(LEAF_BYTES_MAX + 2):
            if line.endswith(b"\n"):
                yield line[:-1]
            elif len(line) > LEAF_BYTES_MAX:
                yield line
                return
            else:
                # A last line without its end is shown with a character that no leaf can hold there.
                yield line + b"\0"


# --- The tree (RFC 6962 2.1) ----------------------------------------------------------------------------------------


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


class RootStream:
    """Root hash over leaf hashes that come one after the other: subtrees[h] is one of 2^h leaves, or None."""

    def __init__(self, size=0, peaks=()):
        peaks = list(peaks)
        self.subtrees = [peaks.pop() if size >> height & 1 else None for height in range(size.bit_length())]

    def add(self, digest):
        for height, subtree in enumerate(self.subtrees):
            if subtree is None:
                self.subtrees[height] = digest
                return
            digest = node_hash(subtree, digest)
            self.subtrees[height] = None
        self.subtrees.append(digest)

    def root(self):
        root = None
        for subtree in self.subtrees:
            if subtree is not None:
                root = subtree if root is None else node_hash(subtree, root)
        return EMPTY_ROOT if root is None else root


def split_of(size):
    """The largest power of two smaller than size."""
    return 1 << (size - 1).bit_length() - 1


def root_by_inclusion(index, size, digest, proof):
    """The root that an inclusion proof leads to (RFC 6962 2.1.1, read from the root down). Raises Refused."""
    if size == 1:
        if proof:
            raise Refused("the proof is too long")
        return digest
    if not proof:
        raise Refused("the proof is too short")
    middle = split_of(size)
    if index < middle:
        return node_hash(root_by_inclusion(index, middle, digest, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_by_inclusion(index - middle, size - middle, digest, proof[:-1]))


def is_included(digest, index, size, root, proof):
    if not 0 <= index < size:
        return False
    try:
        return root_by_inclusion(index, size, digest, list(proof)) == root
    except Refused:
        return False


def roots_by_consistency(old, size, old_root, proof, is_whole=True):
    """Both roots that a consistency proof leads to (RFC 6962 2.1.2, SUBPROOF read from the root down). Raises Refused."""
    if old == size:
        if is_whole:
            if proof:
                raise Refused("the proof is too long")
            return old_root, old_root
        if len(proof) != 1:
            raise Refused("the proof has a wrong length")
        return proof[0], proof[0]
    if not proof:
        raise Refused("the proof is too short")
    middle = split_of(size)
    if old <= middle:
        first, second = roots_by_consistency(old, middle, old_root, proof[:-1], is_whole)
        return first, node_hash(second, proof[-1])
    first, second = roots_by_consistency(old - middle, size - middle, old_root, proof[:-1], False)
    return node_hash(proof[-1], first), node_hash(proof[-1], second)


def is_consistent(old, old_root, size, root, proof):
    if old > size or old < 0:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    try:
        return roots_by_consistency(old, size, old_root, list(proof)) == (old_root, root)
    except Refused:
        return False


# --- Signed notes, checkpoints, proofs (docs/log-tree.md) -----------------------------------------------------------


def from_base64(text):
    """Bytes of a base64 text in its one form (RFC 4648 4). Raises Refused."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Refused("base64 that is not in its one form")
    return data


def hash_from_base64(text):
    data = from_base64(text)
    if len(data) != 32:
        raise Refused("a hash does not have 32 bytes")
    return data


def count_from(text):
    if not re.fullmatch("0|[1-9][0-9]{0,15}", text, re.A) or int(text) > SAFE_MAX:
        raise Refused("not a decimal number below 2^53 without leading zeros")
    return int(text)


def is_key_name(name):
    return name != "" and not any(char.isspace() or char == "+" or ord(char) < 0x20 for char in name)


def key_id(name, type_and_key):
    return hashlib.sha256(name.encode("utf-8") + b"\n" + type_and_key).digest()[:4]


def read_key(text):
    """A verifier key, `name+id+base64`, as (name, id, type, public key). Raises Refused."""
    name, _, rest = text.partition("+")
    identifier, _, encoded = rest.partition("+")
    if len(text) > KEY_CHARS_MAX or not is_key_name(name) or not encoded:
        raise Refused("not a verifier key")
    data = from_base64(encoded)
    if len(data) != 33 or data[0] not in (1, 4):
        raise Refused("not an Ed25519 key of type 1 or 4")
    if identifier != key_id(name, data).hex():
        raise Refused("the id in the key is not that of the key")
    return name, key_id(name, data), data[0], data[1:]


@functools.lru_cache(maxsize=1024)
def ed25519_holds(public_key, message, signature):
    if len(signature) != 64:
        return False
    # DER of an Ed25519 public key up to the key (RFC 8410 4).
    der = bytes.fromhex("302a300506032b6570032100") + public_key
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: os.path.join(directory, name) for name in ("key", "message", "signature")}
        for name, data in (("key", der), ("message", message), ("signature", signature)):
            with open(paths[name], "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths["key"], "-rawin"]
        command += ["-in", paths["message"], "-sigfile", paths["signature"]]
        try:
            code = subprocess.run(command, capture_output=True, check=False).returncode
        except FileNotFoundError:
            raise BadInput("openssl is not installed: signatures cannot be checked without it") from None
    if code < 0:
        raise BadInput(f"openssl was killed by signal {-code}: a signature could not be checked")
    return code == 0


def parse_note(data):
    """Text of a note and its signature lines, as (name, key id, signature). Raises Refused."""
    if len(data) > NOTE_BYTES_MAX:
        raise Refused("the note is too large")
    try:
        everything = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the note is not well-formed UTF-8") from None
    if any(ord(char) < 0x20 and char != "\n" for char in everything):
        raise Refused("the note has a control character")
    body, blank, block = everything.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise Refused("the note has no signature lines after an empty line")
    seen, lines = set(), []
    for line in block[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
        if not match or not is_key_name(match[1]):
            raise Refused("a signature line is none")
        signature = from_base64(match[2])
        if len(signature) < 5:
            raise Refused("a signature is too short")
        identity = (match[1], signature[:4])
        if identity in seen:
            raise Refused("a key signed twice")
        seen.add(identity)
        lines.append((*identity, signature[4:]))
    return body + "\n", lines


def open_note(data, keys):
    """Text of a note and who signed it, as (key, timestamp or None). Every signature by a known key holds. Raises Refused."""
    text, lines = parse_note(data)
    signers = []
    for name, identifier, signature in lines:
        key = next((key for key in keys if key[:2] == (name, identifier)), None)
        if key:
            signers.append((key, check_signature(key, text.encode("utf-8"), signature)))
    if not signers:
        raise UnknownSigner("no known key signed the note")
    return text, signers


def check_signature(key, text, signature):
    """The time of a cosignature, None for a plain signature. Raises Refused when it does not hold."""
    timestamp = None
    if key[2] == 4:
        if len(signature) != 72:
            raise Refused("a cosignature has a wrong length")
        timestamp = int.from_bytes(signature[:8], "big")
        if timestamp >= 2**63:
            raise Refused("the time of a cosignature is too large")
        text = b"cosignature/v1\ntime %d\n" % timestamp + text
        signature = signature[8:]
    if not ed25519_holds(key[3], text, signature):
        raise Refused("a signature by a known key does not hold")
    return timestamp


def parse_checkpoint(text):
    """(origin, size, root hash, extension lines) of a checkpoint's text. Raises Refused."""
    lines = text.split("\n")
    if lines.pop() != "" or "" in lines or len(lines) < 3:
        raise Refused("the checkpoint does not consist of three non-empty lines or more")
    return lines[0], count_from(lines[1]), hash_from_base64(lines[2]), lines[3:]


def open_checkpoint(data, keys):
    """(origin, size, root hash) of a checkpoint that a key of its log signed. Raises Refused."""
    text, signers = open_note(data, keys)
    origin, size, root, _ = parse_checkpoint(text)
    if not any(key[2] == 1 and key[0] == origin for key, _ in signers):
        raise UnknownSigner("no key of its log signed the checkpoint")
    return origin, size, root


def parse_proof(data):
    """(index, hashes, checkpoint bytes) of a C2SP tlog-proof file. Raises Refused."""
    if len(data) > PROOF_BYTES_MAX:
        raise Refused("the proof file is too large")
    head, blank, checkpoint = data.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    if not blank or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Refused("not a proof file")
    if lines and lines[0].startswith("extra ") and not from_base64(lines.pop(0)[6:]):
        raise Refused("an extra line without data")
    if not lines or not lines[0].startswith("index "):
        raise Refused("the proof file has no index")
    index = count_from(lines.pop(0)[6:])
    if len(lines) > PROOF_HASHES_MAX:
        raise Refused("the proof has too many hashes")
    return index, [hash_from_base64(line) for line in lines], checkpoint


def check_proof(data, digest, keys):
    """(index, checkpoint) of a proof that leads from the leaf to a root that its log signed. Raises Refused."""
    index, hashes, note = parse_proof(data)
    checkpoint = open_checkpoint(note, keys)
    if not is_included(digest, index, checkpoint[1], checkpoint[2], hashes):
        raise Refused("the proof does not lead from the leaf to the root")
    return index, checkpoint


# --- Payloads beside the leaves (docs/log-payload.md) ------------------------------------------------------------------


def read_tombstone(data, seq):
    """(number of the `erase` leaf, root that the proof leads to), or None when it is no tombstone."""
    levels, rest = divmod(len(data) - 45, 32)
    if len(data) < 45 or rest or levels > 32 or data[0] != 1:
        return None
    erase_seq, path = int.from_bytes(data[1:9], "big"), int.from_bytes(data[41:45], "big")
    if path >> levels or erase_seq > SAFE_MAX:
        return None
    root = leaf_hash(b"jimini/seq/v1\0" + data[9:41] + seq.to_bytes(8, "big"))
    for level in range(levels):
        beside = data[45 + 32 * level : 77 + 32 * level]
        root = node_hash(beside, root) if path >> level & 1 else node_hash(root, beside)
    return erase_seq, root.hex()


def place_of(key):
    return int.from_bytes(key[1:], "big") if len(key) == 9 else None


def check_payload_rows(leaves, rows, first=0):
    """Holds rows, pairs of key and value in the order of keys, against leaves that hold. Raises Fault.

    Rows beside leaves below `first`, the number of the first leaf, may be gone with these, and count for nothing.
    """
    placed = [(key[:1], place_of(key), value) for key, value in rows]
    placed = [row for row in placed if row[1] is None or row[1] >= first]
    at = {letter: [row[1:] for row in placed if row[0] == letter] for letter in (b"e", b"x")}
    roots, empty, below = {}, [], 0

    def fault(seq, found):
        raise Fault("envelope", found, seq)

    def take(letter, seq):
        waiting = at[letter]
        if not waiting or (waiting[0][0] is not None and waiting[0][0] > seq):
            return None
        place, value = waiting.pop(0)
        if place != seq:
            fault(seq, "a row before this leaf belongs to no leaf")
        return value

    for seq, leaf in enumerate(leaves, first):
        is_erase = leaf["kind"] == "erase"
        below = max(below, leaf.get("below_seq", 0) if is_erase else 0)
        root, erased = roots.pop(seq, (None, None))
        if root and (not is_erase or leaf["c_seqs"] != root):
            fault(erased, "the tombstone names a leaf that does not erase this payload")
        digest = leaf["envelope"] if leaf["kind"] == "decision" else ""
        envelope, tombstone = take(b"e", seq), take(b"x", seq)
        if envelope is not None and tombstone is not None:
            fault(seq, "the envelope is there, and a tombstone says that it was erased")
        if digest == "" and (envelope is not None or tombstone is not None):
            fault(seq, "a row lies beside a leaf that was written without an envelope")
        if envelope is not None and hashlib.sha256(envelope).hexdigest() != digest:
            fault(seq, "the envelope is not the one that was written")
        if tombstone is not None:
            read = read_tombstone(tombstone, seq)
            if read is None or read[0] <= seq or roots.get(read[0], read[1:])[0] != read[1]:
                fault(seq, "the tombstone in the place of the envelope does not hold")
            roots.setdefault(read[0], (read[1], seq))
        if digest and envelope is None and tombstone is None:
            empty.append(seq)
    for seq in (seq for seq in empty if seq >= below):
        fault(seq, "the envelope is missing, and nothing says that it was erased")
    for _, erased in roots.values():
        fault(erased, "the tombstone names a leaf that is not there")
    if at[b"e"] or at[b"x"]:
        fault(first + len(leaves), "an envelope or a tombstone lies behind the last leaf")


# --- An export ------------------------------------------------------------------------------------------------------


def open_regular(path):
    """Opens a regular file: somebody may have put a pipe in its place, which would never end. Raises BadInput."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise BadInput(f"{path} is not a regular file")
        return file
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror})") from None


def read_small(path, most):
    with open_regular(path) as file:
        return file.read(most + 1)


def read_if_there(path, most):
    return read_small(path, most) if os.path.lexists(path) else None


def read_keys(data, path):
    try:
        lines = data.decode("utf-8").split("\n")
        if lines.pop() != "" or not 1 <= len(lines) <= KEYS_MAX:
            raise Refused("expected one key a line")
        return [read_key(line) for line in lines]
    except (Refused, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}") from None


class Boundary:
    """Where a log begins of which leaves were removed. Until the end nothing of it is believed."""

    def __init__(self, data):
        """Reads a boundary.jsonl: the prune leaf, and then the key leaves below it. Raises Fault."""
        if len(data) > BOUNDARY_BYTES_MAX or not data.endswith(b"\n"):
            raise Fault("boundary", "boundary.jsonl does not consist of whole lines", 0)
        first, *others = data[:-1].split(b"\n")
        prune = self.leaf_of(first, "prune")
        self.min_seq = self.first = prune["min_seq"]
        if self.min_seq == 0:
            raise Fault("boundary", "the prune leaf removes nothing", 0)
        self.log_id = prune["log_id"]
        self.peaks = [bytes.fromhex(peak) for peak in prune["peaks"]]
        self.seq, self.digest, self.time_ms = prune["seq"], leaf_hash(first), prune["time_ms"]
        self.key_leaves = [self.leaf_of(line, "key") for line in others]
        for ordinal, leaf in enumerate(self.key_leaves):
            if leaf["log_id"] != self.log_id or leaf["epoch"] != ordinal + 2:
                raise Fault("boundary", "the key leaves from below it are of another log, or have a gap", 0)
        tree = RootStream()
        for line in others:
            tree.add(leaf_hash(line))
        if tree.root().hex() != prune["key_root"]:
            raise Fault("boundary", "the key leaves from below it are not those that the prune leaf names", 0)

    @staticmethod
    def leaf_of(data, kind):
        try:
            leaf = read_leaf(data)
        except Fault as fault:
            raise Fault("boundary", fault.found, 0) from None
        is_one = type(leaf.get("v")) is int and leaf["v"] == 1 and leaf.get("kind") == kind and is_count(leaf.get("seq"))
        if not is_one or not re.fullmatch("[a-z2-7]{26}", str(leaf.get("log_id")), re.A) or not fields_hold(leaf):
            raise Fault("boundary", f"a line of boundary.jsonl is no {kind} leaf", 0)
        return leaf

    def begin(self, claims, epochs):
        """Raises Fault, and BadInput when a claim is of what is gone."""
        for claim in claims:
            if claim.source == "anchor" and claim.size < self.min_seq:
                raise BadInput(f"the anchor is of {claim.size} leaves, and those below {self.min_seq} were removed")
        for claim in claims:
            if claim.index is not None and claim.index < self.min_seq:
                raise BadInput(f"a proof is of the leaf {claim.index}, which was removed")
        try:
            for leaf in self.key_leaves:
                epochs.take(leaf)
        except Fault as fault:
            raise Fault("boundary", fault.found, self.min_seq) from None

    def check(self, size, digest, _time_ms):
        if size == self.seq + 1 and digest != self.digest:
            raise Fault("boundary", "the leaf here is not the prune leaf that the log begins by", self.seq)

    def before_end(self, chain, tree, claims):
        pass

    def is_proven(self, claim):
        return False

    def end(self, signed):
        if signed <= self.seq:
            raise Fault("boundary", f"no checkpoint covers the leaf {self.seq}, which says that leaves were removed", self.min_seq)


class Segment:
    """A part of a log. Until the end nothing of it is believed."""

    def __init__(self, data, key_lines):
        """Reads segment.json and the lines of keys.jsonl. Raises Fault."""
        try:
            fields = read_leaf(data[:-1]) if data.endswith(b"\n") and len(data) <= SEGMENT_BYTES_MAX else {}
        except Fault:
            fields = {}
        names = {"first": is_count, "end": is_count, "day": is_matching("[0-9]{4}-[0-9]{2}-[0-9]{2}")}
        names |= {"log_id": is_matching("[a-z2-7]{26}"), "peaks": self.is_hashes, "consistency": self.is_hashes}
        if type(fields.get("v")) is not int or fields["v"] != 1 or not holds_all(fields, names):
            raise Fault("segment", "segment.json has not the fields of one", 0)
        self.first, self.last, self.day, self.log_id = (fields[name] for name in ("first", "end", "day", "log_id"))
        self.peaks, self.consistency = ([bytes.fromhex(text) for text in fields[name]] for name in ("peaks", "consistency"))
        if self.first >= self.last or len(self.peaks) != bin(self.first).count("1"):
            raise Fault("segment", "segment.json is of no leaves, or has other roots than so many leaves have", 0)
        try:
            leaves = [Boundary.leaf_of(line, "key") for line in key_lines]
        except Fault as fault:
            raise Fault("segment", fault.found, 0) from None
        if any(leaf["log_id"] != self.log_id or self.first <= leaf["seq"] < self.last for leaf in leaves):
            raise Fault("segment", "keys.jsonl is damaged", 0)
        self.key_leaves = [leaf for leaf in leaves if leaf["seq"] < self.first]
        self.later_keys = [leaf for leaf in leaves if leaf["seq"] >= self.last]
        self.checkpoint = None

    @staticmethod
    def is_hashes(value):
        return isinstance(value, list) and len(value) <= 63 and all(HASH(text) for text in value)

    def take(self, leaves, epoch, epochs, place):
        for leaf in leaves:
            if leaf["epoch"] != epoch:
                raise Fault("segment", "a key leaf that is not in the segment is missing", place)
            epoch += 1
            try:
                epochs.take(leaf)
            except Fault as fault:
                raise Fault("segment", fault.found, place) from None

    def begin(self, claims, epochs):
        """Raises Fault, and BadInput when a claim is of leaves that are not in it."""
        for claim in claims:
            if claim.source != "checkpoint" and not self.first <= claim.size <= self.last:
                raise BadInput(f"the {claim.source} is of {claim.size} leaves, which do not end in the segment")
        self.checkpoint = next((claim for claim in claims if claim.source == "checkpoint"), None)
        self.take(self.key_leaves, 2, epochs, self.first)

    def check(self, size, _digest, time_ms):
        if size in (self.first + 1, self.last):
            since = datetime.datetime(1970, 1, 1)
            day = since + datetime.timedelta(milliseconds=time_ms) if time_ms < 253_402_300_800_000 else None
            if day is None or day.strftime("%Y-%m-%d").zfill(10) != self.day:
                raise Fault("segment", f"the leaf is not of the day {self.day}", size - 1)
        if size > self.last:
            raise Fault("segment", f"the segment ends before {self.last}, and there are more leaves", self.last)

    def before_end(self, chain, tree, claims):
        if chain.size != self.last:
            raise Fault("segment", f"the segment says that it ends before {self.last}, and ends before {chain.size}", chain.size)
        if self.checkpoint is None:
            raise Fault("segment", "there is no checkpoint that covers the segment", self.last)
        self.take(self.later_keys, chain.epoch + 1, chain.epochs, self.last)
        whole = (self.checkpoint.size, self.checkpoint.root)
        if not is_consistent(chain.size, tree.root(), *whole, self.consistency):
            raise Fault("segment", "its leaves do not lead to the root of the checkpoint", self.last)

    def is_proven(self, claim):
        return claim is self.checkpoint

    def end(self, signed):
        pass


class Claim:
    """A signed statement about the first `size` leaves. Until the end nothing of it is believed."""

    def __init__(self, source, data):
        """Raises Refused."""
        self.source = source
        self.index, self.hashes, self.note = parse_proof(data) if source == "proof" else (None, [], data)
        self.origin, self.size, self.root, _ = parse_checkpoint(parse_note(self.note)[0])
        self.in_force = None

    def check(self, size, digest, tree, epochs):
        """Called when `size` leaves are read, of which the last has this hash. Raises Fault."""
        if size == self.size:
            self.in_force = epochs.current
            if tree.root() != self.root:
                raise Fault(self.source, f"the {self.source} has another root hash for {size} leaves")
        if self.index is not None and size == self.index + 1:
            if not is_included(digest, self.index, self.size, self.root, self.hashes):
                found = f"the proof of leaf {self.index} does not lead from the leaf to the root"
                raise Fault("proof", found, self.index)

    def check_signature(self, known, epochs):
        """Raises Fault."""
        keys = known
        if self.in_force and self.in_force.key:
            keys = [key for key in known if key[2] == 4]
            if epochs.is_trusted(self.in_force):
                keys.append(self.in_force.key)
        elif self.in_force is None and epochs.current.key and epochs.is_trusted(epochs.current):
            keys = [epochs.current.key, *known]
        try:
            open_checkpoint(self.note, keys)
        except UnknownSigner as error:
            raise Fault("signer", f"the {self.source}: {error}") from None
        except Refused as error:
            raise Fault(self.source, f"the {self.source}: {error}") from None


def read_claims(options):
    """(claims, keys that are known, boundary or segment or None). Raises Fault and BadInput."""
    directory = options.export
    path = options.key or os.path.join(directory, "key.pub")
    data = read_small(path, KEY_FILE_BYTES_MAX) if options.key else read_if_there(path, KEY_FILE_BYTES_MAX)
    keys = read_keys(data, path) if data is not None else []
    files = []
    if options.anchor:
        files.append(("anchor", options.anchor, read_small(options.anchor, NOTE_BYTES_MAX)))
    path = os.path.join(directory, "checkpoint")
    data = read_if_there(path, NOTE_BYTES_MAX)
    if data is not None:
        files.append(("checkpoint", path, data))
    names = [name for name in sorted(os.listdir(directory)) if name.endswith(".tlog-proof")]
    if len(names) > PROOFS_MAX:
        raise BadInput(f"there are more than {PROOFS_MAX} proof files")
    paths = [os.path.join(directory, name) for name in names]
    files += [("proof", path, read_small(path, PROOF_BYTES_MAX)) for path in paths]
    if files and not keys:
        raise BadInput("there is no key to check signatures with: name one with --key")
    claims = []
    for source, path, data in files:
        try:
            claims.append(Claim(source, data))
        except Refused as error:
            if source == "anchor":
                raise BadInput(f"{path}: {error}") from None
            raise Fault(source, f"the {source}: {error}") from None
    data = read_if_there(os.path.join(directory, "boundary.jsonl"), BOUNDARY_BYTES_MAX)
    boundary = None if data is None else Boundary(data)
    data = read_if_there(os.path.join(directory, "segment.json"), SEGMENT_BYTES_MAX)
    if data is None:
        return claims, keys, boundary
    lines = read_if_there(os.path.join(directory, "keys.jsonl"), BOUNDARY_BYTES_MAX)
    if lines is None:
        return claims, keys, Segment(data, [])
    is_whole = len(lines) <= BOUNDARY_BYTES_MAX and lines.endswith(b"\n")
    return claims, keys, Segment(data, lines[:-1].split(b"\n") if is_whole else [b""])


def verify_export(options):
    report = {"status": "ok", "entries": 0, "log_id": None, "pinned": bool(options.key), "fault": None}
    report |= {"opaque": 0, "gaps": 0, "epoch": 0, "pruned": 0, "pruned_ms": None, "segment": None}
    report["payloads"] = "not checked"
    chain = None
    try:
        claims, keys, start = read_claims(options)
        chain = Chain(Epochs(keys), start)
        if isinstance(start, Boundary):
            report |= {"pruned": start.min_seq, "pruned_ms": start.time_ms}
        if isinstance(start, Segment):
            report["segment"] = {"day": start.day, "first_seq": start.first, "end_seq": start.last}
        verify_into(options, chain, claims, keys, report, start)
    except Fault as fault:
        report["status"] = "tampered"
        seq = fault.seq if fault.seq is not None else chain.size if chain else 0
        report["fault"] = {"seq": seq, "rule": fault.rule, "found": fault.found}
    if chain:
        report |= {"entries": chain.size - chain.first, "log_id": chain.log_id}
        report |= {"opaque": chain.opaque, "gaps": chain.gaps, "epoch": chain.epoch}
    return report


def verify_into(options, chain, claims, keys, report, start):
    tree = RootStream(start.first, start.peaks) if start else RootStream()
    if start:
        start.begin(claims, chain.epochs)
    for claim in claims:
        claim.check(chain.size, None, tree, chain.epochs)
    for data in lines_of(os.path.join(options.export, "entries.jsonl")):
        digest = chain.add(data)
        tree.add(digest)
        if start:
            start.check(chain.size, digest, chain.time_ms)
        for claim in claims:
            claim.check(chain.size, digest, tree, chain.epochs)

    if start:
        start.before_end(chain, tree, claims)
    for claim in claims:
        if chain.log_id is not None and claim.origin != f"jimini.log/{chain.log_id}":
            raise Fault(claim.source, f"the {claim.source} is that of another log")
        if claim.index is not None and claim.index >= claim.size:
            raise Fault(claim.source, "the proof is of a leaf behind its own tree")
        claim.check_signature(keys, chain.epochs)
    for claim in claims:
        if claim.size > chain.size and not (start and start.is_proven(claim)):
            report["status"] = "truncated"
            found = f"the {claim.source} says {claim.size} leaves, and {chain.size} are there"
            report["fault"] = {"seq": chain.size, "rule": claim.source, "found": found}
            return
    signed = max((claim.size for claim in claims), default=0)
    if start:
        start.end(signed)
    if chain.size == chain.first:
        raise BadInput("there are no leaves")
    if signed < chain.size:
        report["status"] = "unanchored"
        found = f"{chain.size - signed} leaves come after the last checkpoint"
        report["fault"] = {"seq": signed, "rule": "checkpoint", "found": found}


BAD_INPUT = 4
EXITS = {"ok": 0, "tampered": 1, "truncated": 2, "unanchored": 3, "bad input": BAD_INPUT}


def verified(options):
    """The report of a verification, its `status` being `bad input` where nothing can be verified."""
    try:
        return verify_export(options)
    except (BadInput, OSError) as error:
        return {"status": "bad input", "found": str(error)}


def verify_many():
    for line in sys.stdin:
        asked = json.loads(line)
        options = argparse.Namespace(export=asked["export"], anchor=asked.get("anchor"), key=asked.get("key"))
        report = verified(options)
        print(json.dumps({"exit": EXITS[report["status"]], **report}), flush=True)
    return 0


def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies an export of a Jimini log.", exit_on_error=True)
    parser.add_argument("--export", metavar="DIR")
    parser.add_argument("--anchor", metavar="FILE")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--many", action="store_true")
    try:
        options = parser.parse_args(arguments)
        if options.many:
            return verify_many()
        if options.export is None:
            parser.error("expected --export DIR")
    except SystemExit as error:
        return BAD_INPUT if error.code else 0
    report = verified(options)
    if report["status"] == "bad input":
        print(f"bad input: {report['found']}", file=sys.stderr)
    elif options.format == "json":
        print(json.dumps(report))
    else:
        fault = report["fault"]
        signer = "" if report["pinned"] else " (signer not pinned)"
        where = f" at {fault['seq']}: {fault['found']} (rule {fault['rule']})" if fault else ""
        segment = report["segment"]
        part = f"; they are those from {segment['first_seq']} on, of {segment['day']} (UTC)" if segment else ""
        removed = f"; {report['pruned']} before them were removed" if report["pruned"] else part
        told = f"{report['entries']} leaves of log {report['log_id']} hold{removed}{signer}; payloads not checked"
        print(f"{report['status']}{where}; {told}")
    return EXITS[report["status"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
