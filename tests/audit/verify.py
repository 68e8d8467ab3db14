#!/usr/bin/env python3
"""Verifies an export of a Jimini log without any code of Jimini: Python's standard library, and `openssl` for Ed25519.

    verify.py --export DIR [--anchor FILE] [--key FILE] [--format text|json]

DIR holds entries.jsonl (docs/log-format.md) and, where there are any, head.json, checkpoint, key.pub and files
*.tlog-proof (docs/log-tree.md). FILE of --anchor is a checkpoint, or a head.json, that was kept elsewhere. FILE of --key
holds verifier keys, one a line; without it the key.pub of the export is believed, and the signer is not pinned.

Exit codes: 0 ok; 1 tampered; 2 truncated against an anchor or a checkpoint; 3 leaves after the last checkpoint;
4 bad input.
"""

import argparse
import base64
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
KEYS_MAX = 64
SAFE_MAX = 2**53 - 1


class Refused(Exception):
    """A note, checkpoint, proof or key that is not accepted."""


class Fault(Exception):
    """The place at which a log stops holding."""

    def __init__(self, rule, found):
        super().__init__(found)
        self.rule = rule
        self.found = found


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


def is_commitment(value):
    return isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{64})?", value, re.A) is not None


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


VERDICT = is_one_of("ALLOW", "FLAG", "MASK", "BLOCK")
COMMON = {
    "epoch": lambda value: type(value) is int and value >= 1,
    "time_ms": is_count,
    "mono_ns": lambda value: isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,19}", value, re.A) is not None,
}
KINDS = {
    "open": {"version": is_text, "recovered_size": is_count},
    "decision": {
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
        **{name: is_commitment for name in ("c_request_id", "c_req", "c_resp", "c_subj")},
    },
    "gap": {
        "reason": is_one_of("store_unavailable"),
        "records": is_count,
        "kept": is_range,
        "first_ms": is_count,
        "last_ms": is_count,
    },
    "close": {"reason": is_one_of("shutdown", "error")},
}


POLICY_CHANGE = {
    "what": is_one_of("reload", "packs", "start"),
    "old_policy_revision": is_text,
    "new_policy_revision": is_text,
}
TOKEN_CHANGE = {"event": is_one_of("add", "change", "remove"), "token_id": is_matching("[a-z2-7]{16}")}
TOKEN = {"principal": is_text, "roles": is_texts(4), "expires_ms": is_count}
REFUSED = {"method": is_text, "reason": is_one_of("no_token", "bad_token", "expired_token", "no_role")}
REFUSALS = {"count": lambda value: is_count(value) and value > 0, "first_ms": is_count, "last_ms": is_count}
SWITCH = {
    "op": is_one_of("kill_switch", "maintenance"),
    "event": is_one_of("begin", "change", "lift", "expire"),
    "name": is_text,
    "digest": is_matching("[0-9a-f]{64}"),
    "first_shown_ms": is_count,
    "until_ms": is_count,
}


def holds_all(leaf, checks):
    return all(check(leaf.get(name)) for name, check in checks.items())


def config_holds(leaf):
    if leaf.get("what") != "tokens":
        return holds_all(leaf, POLICY_CHANGE)
    if not holds_all(leaf, TOKEN_CHANGE):
        return False
    if leaf["event"] == "remove":
        return not any(name in leaf for name in TOKEN)
    return holds_all(leaf, TOKEN)


def admin_holds(leaf):
    if leaf.get("op") == "refused":
        return holds_all(leaf, REFUSED) and ("principal" not in leaf or is_text(leaf["principal"]))
    if leaf.get("op") == "refusals":
        return holds_all(leaf, REFUSALS)
    if not holds_all(leaf, SWITCH):
        return False
    if leaf["op"] == "maintenance":
        return is_count(leaf.get("from_ms"))
    return "from_ms" not in leaf and leaf["name"] in ("bypass", "lockdown")


def switch_of_decision_holds(leaf):
    if leaf.get("switch") == "maintenance":
        return is_texts(16)(leaf.get("windows"))
    return "windows" not in leaf and ("switch" not in leaf or is_one_of("bypass", "lockdown")(leaf["switch"]))


def fields_hold(leaf):
    """Whether a leaf has the fields of its kind, apart from those that say where it is."""
    kind = leaf.get("kind")
    if kind in ("config", "admin"):
        return holds_all(leaf, COMMON) and (config_holds(leaf) if kind == "config" else admin_holds(leaf))
    if not isinstance(kind, str) or kind not in KINDS:
        return False
    if not holds_all(leaf, {**COMMON, **KINDS[kind]}):
        return False
    if kind == "open":
        if not is_text(leaf.get("policy_revision", "")):
            return False
        closes = ("clean", "unclean") if leaf["seq"] else ("none",)
        return leaf["recovered_size"] == leaf["seq"] and is_one_of(*closes)(leaf.get("previous_close"))
    if kind == "decision":
        if not switch_of_decision_holds(leaf):
            return False
        if leaf["rule_count"] < len(leaf["rule_ids"]) or leaf["gap_count"] < len(leaf["gaps"]):
            return False
        if "classifiers" not in leaf:
            return "classifier_count" not in leaf
        count = leaf.get("classifier_count")
        return is_answers(leaf["classifiers"]) and is_count(count) and count >= len(leaf["classifiers"])
    return True


class Chain:
    """Takes the leaves of a log one after the other."""

    def __init__(self):
        self.size = 0
        self.log_id = None
        self.prev = "0" * 64
        self.kind = None

    def add(self, data):
        """Returns the leaf hash. Raises Fault at the first leaf that does not hold."""
        leaf = read_leaf(data)
        if type(leaf.get("v")) is not int or leaf["v"] != 1:
            raise Fault("version", "the format version is not 1")
        log_id = leaf.get("log_id")
        if not isinstance(log_id, str) or not re.fullmatch("[a-z2-7]{26}", log_id):
            raise Fault("log_id", "the log id is not one")
        if self.log_id not in (None, log_id):
            raise Fault("log_id", "the log id is not that of the leaves before")
        if type(leaf.get("seq")) is not int or leaf["seq"] != self.size:
            raise Fault("seq", f"the leaf at {self.size} does not say that it is number {self.size}")
        if leaf.get("prev") != self.prev:
            raise Fault("prev", "prev is not the hash of the leaf before")
        if not fields_hold(leaf):
            raise Fault("fields", "the leaf does not have the fields of its kind")
        if self.size == 0 and leaf["kind"] != "open":
            raise Fault("first", "the first leaf is not of kind open")
        digest = leaf_hash(data)
        self.size += 1
        self.log_id = log_id
        self.prev = digest.hex()
        self.kind = leaf["kind"]
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

    def __init__(self):
        self.subtrees = []

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
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            raise BadInput("openssl is not installed: signatures cannot be checked without it") from None


def open_note(data, keys):
    """Text of a note and who signed it, as (key, timestamp or None). Every signature by a known key holds. Raises Refused."""
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
    text = body + "\n"
    seen, signers = set(), []
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
        for key in keys:
            if key[:2] == identity:
                signers.append((key, check_signature(key, text.encode("utf-8"), signature[4:])))
                break
    if not signers:
        raise Refused("no known key signed the note")
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
        raise Refused("no key of its log signed the checkpoint")
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


class Anchor:
    """What somebody says of the first `size` leaves: a root hash, or the hash of the last of them."""

    def __init__(self, source, size, log_id, root=None, last=None):
        self.source = source
        self.size = size
        self.log_id = log_id
        self.root = root
        self.last = last

    def check(self, size, digest, tree):
        """Called when `size` leaves are read, of which the last has this hash. Raises Fault."""
        if size != self.size:
            return
        if self.root is not None and tree.root() != self.root:
            raise Fault(self.source, f"the {self.source} has another root hash for {size} leaves")
        if self.last is not None and digest is not None and digest.hex() != self.last:
            raise Fault(self.source, f"the {self.source} has another hash for leaf {size - 1}")


def anchor_of_head(data, source):
    """Raises Refused."""
    try:
        head = json.loads(data)
        is_head = set(head) == {"hash", "log_id", "size"} and is_count(head["size"])
        if not is_head or data != (canonical(head) + "\n").encode("utf-8"):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise Refused("not a head file") from None
    return Anchor(source, head["size"], head["log_id"], last=head["hash"])


def anchor_of_checkpoint(checkpoint, source):
    origin, size, root = checkpoint
    prefix, _, log_id = origin.partition("/")
    return Anchor(source, size, log_id if prefix == "jimini.log" else None, root=root)


def read_anchors(options):
    """(what was kept elsewhere, checkpoint of the export, its proofs, whether the signer is pinned).

    A proof is (index, hashes, anchor). Raises Fault and BadInput.
    """
    directory = options.export
    pinned = read_keys(read_small(options.key, 65536), options.key) if options.key else None
    path = os.path.join(directory, "key.pub")
    own = None if pinned else read_if_there(path, 65536)
    keys = pinned or (read_keys(own, path) if own is not None else [])

    kept = None
    if options.anchor:
        data = read_small(options.anchor, NOTE_BYTES_MAX)
        if not keys and not data.startswith(b"{"):
            raise BadInput(f"{options.anchor}: there is no key to check it with: name it with --key")
        try:
            is_head = data.startswith(b"{")
            kept = anchor_of_head(data, "anchor") if is_head else anchor_of_checkpoint(open_checkpoint(data, keys), "anchor")
        except Refused as error:
            if pinned or data.startswith(b"{"):
                raise BadInput(f"{options.anchor}: {error}") from None
            raise Fault("anchor", f"with the key of the export: {error}") from None

    own_checkpoint = None
    data = read_if_there(os.path.join(directory, "checkpoint"), NOTE_BYTES_MAX)
    if data is not None:
        if not keys:
            raise BadInput("there is no key to check the checkpoint with: name it with --key")
        try:
            own_checkpoint = anchor_of_checkpoint(open_checkpoint(data, keys), "checkpoint")
        except Refused as error:
            raise Fault("checkpoint", str(error)) from None

    proofs = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".tlog-proof"):
            if not keys:
                raise BadInput(f"there is no key to check {name} with: name it with --key")
            data = read_small(os.path.join(directory, name), PROOF_BYTES_MAX)
            try:
                index, hashes, note = parse_proof(data)
                proofs.append((index, hashes, anchor_of_checkpoint(open_checkpoint(note, keys), "proof")))
            except Refused as error:
                raise Fault("proof", f"{name}: {error}") from None
    return kept, own_checkpoint, proofs, pinned is not None


def verify_export(options):
    chain = Chain()
    report = {"status": "ok", "entries": 0, "log_id": None, "pinned": False, "fault": None}
    try:
        verify_into(options, chain, report)
    except Fault as fault:
        report["status"] = "tampered"
        report["fault"] = {"seq": chain.size, "rule": fault.rule, "found": fault.found}
    report["entries"] = chain.size
    report["log_id"] = chain.log_id
    return report


def verify_into(options, chain, report):
    kept, checkpoint, proofs, report["pinned"] = read_anchors(options)
    anchors = [anchor for anchor in (kept, checkpoint, *(proof[2] for proof in proofs)) if anchor]
    tree = RootStream()
    for anchor in anchors:
        anchor.check(0, None, tree)
    for data in lines_of(os.path.join(options.export, "entries.jsonl")):
        index = chain.size
        digest = chain.add(data)
        tree.add(digest)
        for anchor in anchors:
            anchor.check(chain.size, digest, tree)
        for place, hashes, anchor in proofs:
            if place == index and not is_included(digest, index, anchor.size, anchor.root, hashes):
                raise Fault("proof", f"of leaf {index}: it does not lead from the leaf to the root")

    for anchor in anchors:
        if chain.size > 0 and anchor.log_id != chain.log_id:
            raise Fault(anchor.source, f"the {anchor.source} is that of another log")
    for anchor in anchors:
        if anchor.size > chain.size:
            report["status"] = "truncated"
            found = f"the {anchor.source} says {anchor.size} leaves, and {chain.size} are there"
            report["fault"] = {"seq": chain.size, "rule": anchor.source, "found": found}
            return
    head = read_if_there(os.path.join(options.export, "head.json"), 1024)
    expected = {"hash": chain.prev, "log_id": chain.log_id or "", "size": chain.size}
    if head is not None and (chain.size == 0 or head != (canonical(expected) + "\n").encode("utf-8")):
        raise Fault("head", "the head file does not say what the leaves say")
    if chain.size == 0:
        raise BadInput("there are no leaves")
    # The place of a proof that is checked nowhere above lies behind the end of its own tree.
    for place, _, anchor in proofs:
        if place >= anchor.size:
            raise Fault("proof", f"there is no leaf {place} in its tree")
    if checkpoint and checkpoint.size < chain.size:
        report["status"] = "unanchored"
        found = f"{chain.size - checkpoint.size} leaves come after the checkpoint"
        report["fault"] = {"seq": checkpoint.size, "rule": "checkpoint", "found": found}


EXITS = {"ok": 0, "tampered": 1, "truncated": 2, "unanchored": 3}
BAD_INPUT = 4


def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies an export of a Jimini log.", exit_on_error=True)
    parser.add_argument("--export", required=True, metavar="DIR")
    parser.add_argument("--anchor", metavar="FILE")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as error:
        return BAD_INPUT if error.code else 0
    try:
        report = verify_export(options)
    except (BadInput, OSError) as error:
        print(f"bad input: {error}", file=sys.stderr)
        return BAD_INPUT
    if options.format == "json":
        print(json.dumps(report))
    else:
        fault = report["fault"]
        signer = "" if report["pinned"] else " (signer not pinned)"
        where = f" at {fault['seq']}: {fault['found']} (rule {fault['rule']})" if fault else ""
        print(f"{report['status']}{where}; {report['entries']} leaves of log {report['log_id']} hold{signer}")
    return EXITS[report["status"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
