#!/usr/bin/env python3
"""Writes the vectors of this folder anew, or to another: generate.py [DIR]

tree-generated.json, proofs.json, notes.json, keys.json, proof-files.json, leaves.json, payload-rows.json and pruned.json. What is
expected comes from here, from tests/audit/verify.py and from openssl, never from the TypeScript that is tested by it. See README.md.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

import verify  # noqa: E402
from leaves import leaf_vectors  # noqa: E402
from payload_rows import payload_row_vectors  # noqa: E402
from pruned import pruned_vectors  # noqa: E402

LEAVES = 70_000
ROOT_SIZES = [*range(20), 31, 32, 33, 127, 128, 129, 255, 256, 257, 511, 512, 513, 4095, 4096, 4097]
ROOT_SIZES += [65_535, 65_536, 65_537, 65_792, 66_047, 70_000]


# --- Trees, by the definitions of RFC 6962 2.1 ------------------------------------------------------------------------


class Tree:
    def __init__(self, hashes):
        self.hashes = hashes
        self.known = {}

    def root(self, first, end):
        if (first, end) not in self.known:
            if end == first:
                root = verify.EMPTY_ROOT
            elif end == first + 1:
                root = self.hashes[first]
            else:
                middle = first + verify.split_of(end - first)
                root = verify.node_hash(self.root(first, middle), self.root(middle, end))
            self.known[first, end] = root
        return self.known[first, end]

    def path(self, index, first, end):
        if end - first == 1:
            return []
        middle = first + verify.split_of(end - first)
        if index < middle:
            return self.path(index, first, middle) + [self.root(middle, end)]
        return self.path(index, middle, end) + [self.root(first, middle)]

    def subproof(self, old, first, end, is_whole):
        if old == end:
            return [] if is_whole else [self.root(first, end)]
        middle = first + verify.split_of(end - first)
        if old <= middle:
            return self.subproof(old, first, middle, is_whole) + [self.root(middle, end)]
        return self.subproof(old, middle, end, False) + [self.root(first, middle)]


def hexes(hashes):
    return [digest.hex() for digest in hashes]


def tile_row(tree, n):
    first, end = n * 256, (n + 1) * 256
    key = b"t\0" + n.to_bytes(8, "big") + tree.root(first, end)
    value = b"".join(tree.hashes[first:end])
    return {"key": key.hex(), "value_bytes": len(value), "value_sha256": hashlib.sha256(value).hexdigest()}


def tree_vectors(tree):
    pairs = [(i, n) for n in range(1, 10) for i in range(n)]
    pairs += [(0, 257), (255, 257), (256, 257), (100, 300), (0, 65_537), (65_535, 65_536), (65_536, 65_537)]
    pairs += [(12_345, 70_000), (69_999, 70_000), (0, 70_000), (65_536, 70_000)]
    olds = [(m, n) for n in range(1, 10) for m in range(1, n + 1)]
    olds += [(255, 257), (256, 257), (256, 512), (300, 4097), (4096, 4097), (65_535, 65_537), (65_536, 65_537)]
    olds += [(1, 70_000), (12_345, 70_000), (65_536, 70_000), (69_999, 70_000)]
    return {
        "leaves": "leaf i is the decimal number i in ASCII",
        "roots": [{"size": n, "root": tree.root(0, n).hex()} for n in ROOT_SIZES],
        "nodes": [
            {"level": level, "index": i, "hash": tree.root(i * 256**level, (i + 1) * 256**level).hex()}
            for level, i in [(1, 0), (1, 1), (1, 255), (1, 256), (2, 0)]
        ],
        "tiles": [tile_row(tree, n) for n in (0, 1, 255, 272)],
        "inclusion": [{"index": i, "size": n, "proof": hexes(tree.path(i, 0, n))} for i, n in pairs],
        "consistency": [{"from": m, "size": n, "proof": hexes(tree.subproof(m, 0, n, True))} for m, n in olds],
    }


# --- Proofs that hold, and what an attacker may make of them ----------------------------------------------------------


def proof_vectors(tree):
    inclusion, consistency = [], []

    def included(why, index, size, leaf, root, proof, holds=False):
        case = {"why": why, "index": index, "size": size, "leafHash": leaf.hex(), "root": root.hex()}
        inclusion.append({**case, "proof": hexes(proof), "holds": holds})

    def consistent(why, old, old_root, size, root, proof, holds=False):
        case = {"why": why, "from": old, "fromRoot": old_root.hex(), "size": size, "root": root.hex()}
        consistency.append({**case, "proof": hexes(proof), "holds": holds})

    other = verify.leaf_hash(b"somebody else's leaf")
    for index, size in [(0, 1), (0, 2), (1, 2), (2, 3), (5, 8), (6, 7), (200, 300), (4_096, 4_097)]:
        leaf, root, proof = tree.hashes[index], tree.root(0, size), tree.path(index, 0, size)
        included("as it was made", index, size, leaf, root, proof, True)
        included("another leaf", index, size, other, root, proof)
        included("another root", index, size, leaf, other, proof)
        included("the leaf before", index - 1 if index else size, size, leaf, root, proof)
        included("the leaf behind", index + 1, size, leaf, root, proof)
        included("a place behind the end", index + size, size, leaf, root, proof)
        included("a hash too many at the end", index, size, leaf, root, [*proof, root])
        included("a hash too many at the beginning", index, size, leaf, root, [leaf, *proof])
        if proof:
            included("a hash too few at the end", index, size, leaf, root, proof[:-1])
            included("a hash too few at the beginning", index, size, leaf, root, proof[1:])
            included("a changed bit", index, size, leaf, root, [bytes([proof[0][0] ^ 8]) + proof[0][1:], *proof[1:]])
            included("a hash that is cut", index, size, leaf, root, [proof[0][:31], *proof[1:]])
            included("no proof at all", index, size, leaf, root, [])
        if len(proof) > 1:
            included("two hashes swapped", index, size, leaf, root, [proof[1], proof[0], *proof[2:]])
    included("a leaf in the empty tree", 0, 0, other, verify.EMPTY_ROOT, [])
    for old, size in [(1, 2), (2, 3), (3, 4), (4, 8), (6, 8), (7, 13), (256, 300), (4_095, 4_097)]:
        first, second, proof = tree.root(0, old), tree.root(0, size), tree.subproof(old, 0, size, True)
        consistent("as it was made", old, first, size, second, proof, True)
        consistent("another tree at the beginning", old, other, size, second, proof)
        consistent("another tree at the end", old, first, size, other, proof)
        consistent("the trees swapped", old, second, size, first, proof)
        consistent("backwards", size, second, old, first, proof)
        consistent("a smaller beginning", old - 1, first, size, second, proof)
        consistent("a larger beginning", old + 1, first, size, second, proof)
        consistent("a hash too many at the end", old, first, size, second, [*proof, first])
        consistent("a hash too many at the beginning", old, first, size, second, [first, *proof])
        consistent("a hash too few at the end", old, first, size, second, proof[:-1])
        consistent("a hash too few at the beginning", old, first, size, second, proof[1:])
        consistent("a changed bit", old, first, size, second, [bytes([proof[0][0] ^ 8]) + proof[0][1:], *proof[1:]])
        consistent("no proof at all", old, first, size, second, [])
    root = tree.root(0, 5)
    consistent("one and the same tree", 5, root, 5, root, [], True)
    consistent("one size, two roots", 5, root, 5, other, [])
    consistent("one and the same tree with a proof", 5, root, 5, root, [root])
    consistent("the empty tree", 0, verify.EMPTY_ROOT, 5, root, [], True)
    consistent("the empty tree twice", 0, verify.EMPTY_ROOT, 0, verify.EMPTY_ROOT, [], True)
    consistent("the empty tree with a proof", 0, verify.EMPTY_ROOT, 5, root, [root])
    consistent("an empty tree that has another root", 0, other, 5, root, [])
    return {"inclusion": inclusion, "consistency": consistency}


# --- Keys and signatures ----------------------------------------------------------------------------------------------


class Key:
    """An Ed25519 key from a fixed seed. Signs by openssl."""

    def __init__(self, name, kind, seed):
        self.name = name
        self.kind = kind
        # DER of an Ed25519 private key up to the seed (RFC 8410 7).
        self.private = bytes.fromhex("302e020100300506032b657004220420") + bytes([seed]) * 32
        command = ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"]
        der = subprocess.run(command, input=self.private, capture_output=True, check=True).stdout
        self.typed = bytes([kind]) + der[-32:]
        self.id = verify.key_id(name, self.typed)
        self.text = f"{name}+{self.id.hex()}+{base64.b64encode(self.typed).decode()}"

    def signature(self, message):
        with tempfile.TemporaryDirectory() as directory:
            key, data = os.path.join(directory, "key"), os.path.join(directory, "data")
            for path, content in ((key, self.private), (data, message)):
                with open(path, "wb") as file:
                    file.write(content)
            command = ["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", key, "-rawin", "-in", data]
            return subprocess.run(command, capture_output=True, check=True).stdout

    def line(self, text, time=1_700_000_000):
        if self.kind == 4:
            message = b"cosignature/v1\ntime %d\n" % time + text.encode()
            return note_line(self.name, self.id + time.to_bytes(8, "big") + self.signature(message))
        return note_line(self.name, self.id + self.signature(text.encode()))


def note_line(name, data):
    return f"\u2014 {name} {base64.b64encode(data).decode()}\n"


ORIGIN = "jimini.log/abcdefghijklmnopqrstuvwxyz"
LOG = Key(ORIGIN, 1, 1)
OTHER_LOG = Key("jimini.log/zyxwvutsrqponmlkjihgfedcba", 1, 2)
SECOND = Key(ORIGIN, 1, 3)
THIRD = Key(ORIGIN, 1, 6)
WITNESS = Key("witness.example/w1", 4, 4)
UNKNOWN = Key("unknown.example", 1, 5)
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
OGNUNO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned \u00e8 subito sera.\n\n"
    "\u2014 quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
FILLER = "\u25a0"


def note_vectors(tree):
    cases = []

    def case(why, note, keys=(LOG.text,), text=None, signers=None, checkpoint=None, filler=None):
        """`signers` and `text` are given for notes that hold, `checkpoint` for those that are checkpoints besides."""
        entry = {"why": why}
        if isinstance(note, bytes):
            entry["base64"] = base64.b64encode(note).decode()
        else:
            entry["note"] = note
        if filler:
            entry["filler"] = filler
        entry["keys"] = list(keys)
        entry["holds"] = signers is not None
        if signers is not None:
            entry["text"] = text
            entry["signers"] = signers
            if checkpoint:
                entry["checkpoint"] = checkpoint
        cases.append(entry)

    root = base64.b64encode(tree.root(0, 7)).decode()
    body = f"{ORIGIN}\n7\n{root}\n"
    line = LOG.line(body)
    by_log = [{"key": LOG.text}]
    seven = {"origin": ORIGIN, "size": 7, "root": tree.root(0, 7).hex(), "extensions": []}

    # Published ones.
    case("of golang.org/x/mod, signed by both", f"{PETER_TEXT}\n{PETER_LINE}{ENOCH_LINE}", [PETER, ENOCH], PETER_TEXT,
         [{"key": PETER}, {"key": ENOCH}])
    case("of golang.org/x/mod, one of two keys known", f"{PETER_TEXT}\n{PETER_LINE}{ENOCH_LINE}", [PETER], PETER_TEXT,
         [{"key": PETER}])
    case("of golang.org/x/mod, no key known", f"{PETER_TEXT}\n{PETER_LINE}{ENOCH_LINE}", [])
    case("the example of C2SP signed-note, whose key is not known", OGNUNO, [PETER])
    case("four characters put into a signature", f"{PETER_TEXT}\n{PETER_LINE[:60]}ABCD{PETER_LINE[60:]}", [PETER])
    for why, note in [
        ("a text without an empty line", PETER_TEXT),
        ("a text without signature lines", PETER_TEXT + "\n"),
        ("a last line without its newline", f"{PETER_TEXT}\n{PETER_LINE[:-1]}"),
        ("a control character", f"\x01{PETER_TEXT}\n{PETER_LINE}"),
        ("bytes that are not UTF-8", b"\xff" + f"{PETER_TEXT}\n{PETER_LINE}".encode()),
        ("a key name with a space", f"{PETER_TEXT}\n\u2014 Bad Name {PETER_LINE[15:]}"),
        ("a line that is no signature", f"{PETER_TEXT}\n{PETER_LINE}Unexpected line.\n"),
    ]:
        case(f"of golang.org/x/mod: {why}", note, [PETER])

    # Checkpoints that hold.
    case("a checkpoint", f"{body}\n{line}", [LOG.text], body, by_log, seven)
    empty = f"{ORIGIN}\n0\n{base64.b64encode(verify.EMPTY_ROOT).decode()}\n"
    case("a checkpoint of an empty log", f"{empty}\n{LOG.line(empty)}", [LOG.text], empty, by_log,
         {**seven, "size": 0, "root": verify.EMPTY_ROOT.hex()})
    large = f"{ORIGIN}\n9007199254740991\n{root}\n"
    case("the largest size that is read", f"{large}\n{LOG.line(large)}", [LOG.text], large, by_log,
         {**seven, "size": 2**53 - 1})
    extended = f"{body}an extension\n\u2014 and one that looks like a signature\n"
    case("extension lines", f"{extended}\n{LOG.line(extended)}", [LOG.text], extended, by_log,
         {**seven, "extensions": ["an extension", "\u2014 and one that looks like a signature"]})
    case("a signature of an unknown key beside it", f"{body}\n{UNKNOWN.line(body)}{line}", [LOG.text], body, by_log, seven)
    case("an unknown key that shares its name", f"{body}\n{SECOND.line(body)}{line}", [LOG.text], body, by_log, seven)
    stranger = note_line("stranger.example", LOG.id + bytes(64))
    case("an unknown key that shares its id", f"{body}\n{stranger}{line}", [LOG.text], body, by_log, seven)
    case("an unknown signature of another length", f"{body}\n{note_line('pq.example', bytes(2424))}{line}", [LOG.text],
         body, by_log, seven)
    case("two keys of one log", f"{body}\n{SECOND.line(body)}{line}", [LOG.text, SECOND.text], body,
         [{"key": SECOND.text}, {"key": LOG.text}], seven)
    case("a cosignature", f"{body}\n{line}{WITNESS.line(body)}", [LOG.text, WITNESS.text], body,
         [{"key": LOG.text}, {"key": WITNESS.text, "timestampS": "1700000000"}], seven)
    case("a cosignature of an unknown witness", f"{body}\n{line}{WITNESS.line(body)}", [LOG.text], body, by_log, seven)
    case("a cosignature at the end of time", f"{body}\n{line}{WITNESS.line(body, 2**63 - 1)}", [LOG.text, WITNESS.text],
         body, [{"key": LOG.text}, {"key": WITNESS.text, "timestampS": str(2**63 - 1)}], seven)
    case("a cosignature over extension lines", f"{extended}\n{LOG.line(extended)}{WITNESS.line(extended, 0)}",
         [LOG.text, WITNESS.text], extended, [{"key": LOG.text}, {"key": WITNESS.text, "timestampS": "0"}],
         {**seven, "extensions": ["an extension", "\u2014 and one that looks like a signature"]})
    sixteen = "".join(note_line(f"key{number}.example", bytes(3_500)) for number in range(15))
    case("sixteen signatures, most of them large", f"{body}\n{sixteen}{line}", [LOG.text], body, by_log, seven)

    # Notes that hold and are no checkpoints of the log.
    for why, text in [
        ("an empty line in it", f"{body}\nmore\n"),
        ("a size with a leading zero", f"{ORIGIN}\n07\n{root}\n"),
        ("a negative size", f"{ORIGIN}\n-7\n{root}\n"),
        ("a size with a sign", f"{ORIGIN}\n+7\n{root}\n"),
        ("a size with a space", f"{ORIGIN}\n 7\n{root}\n"),
        ("a size in hexadecimal", f"{ORIGIN}\n0x7\n{root}\n"),
        ("a size with an exponent", f"{ORIGIN}\n1e3\n{root}\n"),
        ("a size in other digits", f"{ORIGIN}\n\u0667\n{root}\n"),
        ("no size", f"{ORIGIN}\n\n{root}\n"),
        ("a size beyond 2^53", f"{ORIGIN}\n9007199254740992\n{root}\n"),
        ("a size beyond 2^64", f"{ORIGIN}\n18446744073709551616\n{root}\n"),
        ("a root of 31 bytes", f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n"),
        ("a root of 33 bytes", f"{ORIGIN}\n7\n{base64.b64encode(bytes(33)).decode()}\n"),
        ("a root without padding", f"{ORIGIN}\n7\n{root[:-1]}\n"),
        ("a root in the alphabet of URLs", f"{ORIGIN}\n7\n{'_' + root[1:]}\n"),
        ("a root with bits that stand for nothing", f"{ORIGIN}\n7\n{root[:-2] + chr(ord(root[-2]) + 1)}=\n"),
        ("two lines", f"{ORIGIN}\n7\n"),
        ("one empty line", "\n"),
        ("no origin", f"\n7\n{root}\n"),
        ("another origin than the key's name", f"{OTHER_LOG.name}\n7\n{root}\n"),
    ]:
        case(f"a note that is no checkpoint: {why}", f"{text}\n{LOG.line(text)}", [LOG.text], text, by_log)
    case("signed by a witness only", f"{body}\n{WITNESS.line(body)}", [LOG.text, WITNESS.text], body,
         [{"key": WITNESS.text, "timestampS": "1700000000"}])
    case("a text that begins with a byte order mark", f"\ufeff{body}\n{LOG.line(chr(0xfeff) + body)}", [LOG.text],
         "\ufeff" + body, by_log)

    # Hostile ones.
    data = base64.b64decode(line.split(" ")[2])
    encoded = base64.b64encode(data).decode()

    def signed_as(text):
        return f"{body}\n\u2014 {ORIGIN} {text}\n"

    for why, note in [
        ("a changed size", f"{ORIGIN}\n8\n{root}\n\n{line}"),
        ("a changed root", f"{ORIGIN}\n7\n{base64.b64encode(tree.root(0, 8)).decode()}\n\n{line}"),
        ("an extension line put in", f"{body}more\n\n{line}"),
        ("a changed signature", signed_as(base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode())),
        ("a signature of 63 bytes", signed_as(base64.b64encode(data[:-1]).decode())),
        ("a signature of 65 bytes", signed_as(base64.b64encode(data + b"\0").decode())),
        ("a signature of no bytes", signed_as(base64.b64encode(data[:4]).decode())),
        ("a wrong key id", signed_as(base64.b64encode(bytes([data[0] ^ 1]) + data[1:]).decode())),
        ("a signature without its key id", signed_as(base64.b64encode(data[4:]).decode())),
        ("a signature over the text with the empty line", f"{body}\n{LOG.line(body + chr(10))}"),
        ("a signature over the text without its newline", f"{body}\n{LOG.line(body[:-1])}"),
        ("a signature of another key under this name and id",
         f"{body}\n{note_line(ORIGIN, LOG.id + SECOND.signature(body.encode()))}"),
        ("base64 without padding", signed_as(encoded.rstrip("="))),
        ("base64 with more padding", signed_as(encoded + "=")),
        ("base64 with bits that stand for nothing", signed_as(encoded[:-2] + chr(ord(encoded[-2]) + 1) + "=")),
        ("base64 in the alphabet of URLs", signed_as(base64.urlsafe_b64encode(data).decode())),
        ("base64 with a space", signed_as(encoded[:40] + " " + encoded[40:])),
        ("base64 with a character of no alphabet", signed_as(encoded[:40] + "*" + encoded[41:])),
        ("base64 with other digits", signed_as(encoded[:40] + "\uff11" + encoded[41:])),
        ("CRLF at every line", f"{body}\n{line}".replace("\n", "\r\n")),
        ("CRLF at the signature", f"{body}\n{line[:-1]}\r\n"),
        ("a tab", f"{body}\n{line.replace(' ', chr(9))}"),
        ("no empty line", f"{body}{line}"),
        ("two empty lines", f"{body}\n\n{line}"),
        ("an empty line between signatures", f"{body}\n{line}\n{UNKNOWN.line(body)}"),
        ("an empty line at the end", f"{body}\n{line}\n"),
        ("no newline at the end", f"{body}\n{line[:-1]}"),
        ("text at the end", f"{body}\n{line}more\n"),
        ("nothing", ""),
        ("a newline", "\n"),
        ("two newlines", "\n\n"),
        ("the signature alone", f"\n{line}"),
        ("a hyphen instead of the em dash", f"{body}\n{line.replace(chr(0x2014), '-')}"),
        ("two spaces", f"{body}\n{line.replace(' ', '  ', 1)}"),
        ("a space at the end of the line", f"{body}\n{line[:-1]} \n"),
        ("a name with a plus sign", f"{body}\n{note_line('a+b', data)}{line}"),
        ("a name with a no-break space", f"{body}\n{note_line('a' + chr(0xa0) + 'b', data)}{line}"),
        ("a name with a line separator", f"{body}\n{note_line('a' + chr(0x2028) + 'b', data)}{line}"),
        ("an empty name", f"{body}\n{note_line('', data)}{line}"),
        ("the same signature twice", f"{body}\n{line}{line}"),
        ("two signatures of one unknown key", f"{body}\n{line}{UNKNOWN.line(body)}{note_line(UNKNOWN.name, UNKNOWN.id + bytes(9))}"),
        ("a good signature behind one that does not hold", f"{body}\n{note_line(ORIGIN, LOG.id + bytes(64))}{line}"),
        ("a NUL", f"{body}\n{line}".replace("7", "7\0", 1)),
    ]:
        case(why, note)
    both = [LOG.text, WITNESS.text]
    late = WITNESS.id + (2**63).to_bytes(8, "big") + WITNESS.signature(b"cosignature/v1\ntime %d\n" % 2**63 + body.encode())
    for why, note in [
        ("a cosignature that does not hold", f"{body}\n{line}{note_line(WITNESS.name, WITNESS.id + bytes(72))}"),
        ("a cosignature with another time",
         f"{body}\n{line}{note_line(WITNESS.name, WITNESS.id + bytes(8) + WITNESS.signature(b'cosignature/v1' + body.encode()))}"),
        ("a cosignature of another checkpoint", f"{body}\n{line}{WITNESS.line(empty)}"),
        ("a cosignature that signs the text alone",
         f"{body}\n{line}{note_line(WITNESS.name, WITNESS.id + bytes(8) + WITNESS.signature(body.encode()))}"),
        ("a cosignature without a time", f"{body}\n{line}{note_line(WITNESS.name, WITNESS.id + WITNESS.signature(body.encode()))}"),
        ("a cosignature beyond the end of time", f"{body}\n{line}{note_line(WITNESS.name, late)}"),
        ("two cosignatures of one witness", f"{body}\n{line}{WITNESS.line(body)}{WITNESS.line(body, 1_700_000_001)}"),
    ]:
        case(why, note, both)

    # At the limit of 256 KiB, and one byte above it.
    for why, excess in [("as large as a note may be", 0), ("one byte larger than a note may be", 1)]:
        rest = len(f"{body}\n\n{line}".encode())
        filler = verify.NOTE_BYTES_MAX - rest + excess
        text = f"{body}{FILLER}\n"
        signature = LOG.line(text.replace(FILLER, "x" * filler))
        holds = {"text": text, "signers": by_log, "checkpoint": {**seven, "extensions": [FILLER]}} if not excess else {}
        case(why, f"{text}\n{signature}", filler=filler, **holds)
    return cases


def key_vectors():
    typed = base64.b64decode(PETER.split("+", 2)[2])

    def text_of(name, data, identifier=None):
        identifier = verify.key_id(name, data).hex() if identifier is None else identifier
        return f"{name}+{identifier}+{base64.b64encode(data).decode()}"

    good = [
        ("of golang.org/x/mod", PETER),
        ("another one of it", ENOCH),
        ("of a witness, from transparency-dev/formats", "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"),
        ("a plus sign in its base64", text_of("plus.example", bytes([1]) + bytes([0xFB, 0xEF, 0xBE]) * 10 + bytes(2))),
        ("of a log", LOG.text),
        ("a name in other letters", text_of("\u00e8.example/\u4e2d", typed)),
    ]
    bad = [
        ("nothing", ""),
        ("a name only", "PeterNeumann"),
        ("no name", PETER[len("PeterNeumann"):]),
        ("no id", "PeterNeumann+" + PETER.split("+", 2)[2]),
        ("no key", "PeterNeumann+c74f20a3+"),
        ("a newline at the end", PETER + "\n"),
        ("a space before it", " " + PETER),
        ("another name", "Peterneumann" + PETER[len("PeterNeumann"):]),
        ("another id", PETER.replace("c74f20a3", "c74f20a4")),
        ("an id in capitals", PETER.replace("c74f20a3", "C74F20A3")),
        ("an id that is too short", text_of("PeterNeumann", typed, "c74f20a")),
        ("another key", PETER.replace("ARpc", "ARpd")),
        ("the type of cosignatures, but the id of notes", text_of("PeterNeumann", b"\4" + typed[1:], "c74f20a3")),
        ("a longer key", text_of("PeterNeumann", typed + b"\0")),
        ("a shorter key", text_of("PeterNeumann", typed[:-1])),
        ("a type only", text_of("PeterNeumann", typed[:1])),
        ("a type that is not known", text_of("PeterNeumann", b"\x65" + typed[1:])),
        ("ECDSA", text_of("PeterNeumann", b"\2" + typed[1:])),
        ("ML-DSA-44", text_of("PeterNeumann", b"\6" + bytes(1_312))),
        ("a name with a space", text_of("Peter Neumann", typed)),
        ("a name with a no-break space", text_of("Peter\u00a0Neumann", typed)),
        ("a name with a control character", text_of("Peter\u0001", typed)),
        ("a name that is too long", text_of("x" * 2_000, typed)),
        ("base64 that goes on", PETER + "="),
        ("base64 in the alphabet of URLs", PETER.replace("/", "_")),
        ("base64 with a newline", PETER[:-4] + "\n" + PETER[-4:]),
    ]
    return [{"why": why, "key": key, "holds": True} for why, key in good] + [
        {"why": why, "key": key, "holds": False} for why, key in bad
    ]


def proof_file_vectors(tree):
    cases = []
    keys = [LOG.text, WITNESS.text]

    def checkpoint(size, root=None, signer=LOG):
        body = f"{ORIGIN}\n{size}\n{base64.b64encode(root or tree.root(0, size)).decode()}\n"
        return f"{body}\n{signer.line(body)}"

    def case(why, file, leaf=5, holds=None, signers=keys, has_form=True):
        entry = {"why": why, "file": file, "leafHash": tree.hashes[leaf].hex(), "keys": signers, "hasForm": has_form}
        cases.append({**entry, "holds": holds is not None, **(holds or {})})

    def file_of(index, hashes, note, extra=""):
        lines = "".join(base64.b64encode(digest).decode() + "\n" for digest in hashes)
        return f"c2sp.org/tlog-proof@v1\n{extra}index {index}\n{lines}\n{note}"

    eight = checkpoint(8)
    path = tree.path(5, 0, 8)
    good = file_of(5, path, eight)
    holds = {"index": 5, "size": 8}
    case("a proof", good, holds=holds)
    case("with a cosignature", file_of(5, path, eight + WITNESS.line(eight.split("\n\n")[0] + "\n")), holds=holds)
    case("with extra data", file_of(5, path, eight, "extra c29tZXRoaW5n\n"), holds={**holds, "extra": "736f6d657468696e67"})
    case("the only leaf", file_of(0, [], checkpoint(1)), 0, {"index": 0, "size": 1})
    case("a leaf of many", file_of(12_345, tree.path(12_345, 0, 70_000), checkpoint(70_000)), 12_345,
         {"index": 12_345, "size": 70_000})
    encoded = base64.b64encode(path[0]).decode()
    for why, file in [
        ("another leaf's place", file_of(4, path, eight)),
        ("a place behind the end", file_of(8, path, eight)),
        ("a checkpoint of another size", file_of(5, path, checkpoint(7))),
        ("a checkpoint of another root", file_of(5, path, checkpoint(8, tree.root(0, 9)))),
        ("a checkpoint that an unknown key signed", file_of(5, path, checkpoint(8, signer=UNKNOWN))),
        ("a checkpoint that only a witness signed", file_of(5, path, checkpoint(8, signer=WITNESS))),
        ("a checkpoint that is changed", good.replace("\n8\n", "\n9\n")),
        ("a hash too few", file_of(5, path[:-1], eight)),
        ("a hash too many", file_of(5, [*path, path[0]], eight)),
        ("hashes swapped", file_of(5, [path[1], path[0], path[2]], eight)),
    ]:
        case(why, file)
    for why, file in [
        ("64 hashes", file_of(5, [path[0]] * 64, eight)),
        ("another first line", good.replace("@v1", "@v2")),
        ("a first line in capitals", good.replace("c2sp", "C2SP")),
        ("no first line", good[len("c2sp.org/tlog-proof@v1\n"):]),
        ("no index", good.replace("index 5\n", "")),
        ("an index with a leading zero", good.replace("index 5", "index 05")),
        ("a negative index", good.replace("index 5", "index -5")),
        ("an index with two spaces", good.replace("index 5", "index  5")),
        ("an index with a space behind it", good.replace("index 5", "index 5 ")),
        ("an index beyond 2^53", good.replace("index 5", "index 9007199254740992")),
        ("extra data that is not base64", file_of(5, path, eight, "extra !!\n")),
        ("an extra line without data", file_of(5, path, eight, "extra \n")),
        ("extra data twice", file_of(5, path, eight, "extra c29tZXRoaW5n\nextra c29tZXRoaW5n\n")),
        ("extra data behind the index", good.replace("index 5\n", "index 5\nextra c29tZXRoaW5n\n")),
        ("a hash in the alphabet of URLs", good.replace(encoded, "_" + encoded[1:])),
        ("a hash without padding", good.replace(encoded, encoded[:-1])),
        ("a hash with bits that stand for nothing", good.replace(encoded, encoded[:-2] + chr(ord(encoded[-2]) + 1) + "=")),
        ("a hash of 64 bytes", good.replace(encoded, base64.b64encode(path[0] * 2).decode())),
        ("CRLF", good.replace("\n", "\r\n")),
        ("CRLF before the checkpoint", good.replace("\n\n", "\r\n\r\n", 1)),
        ("no empty line", good.replace("\n\n", "\n", 1)),
        ("two empty lines", good.replace("\n\n", "\n\n\n", 1)),
        ("no checkpoint", good.split("\n\n")[0] + "\n\n"),
        ("text behind the checkpoint", good + "more\n"),
        ("a newline behind the checkpoint", good + "\n"),
        ("nothing", ""),
        ("an empty line only", "\n\n"),
    ]:
        case(why, file, has_form=False)
    case("another leaf", good, leaf=6)
    case("no key", good, signers=[])
    case("another log's key", good, signers=[OTHER_LOG.text])
    return cases


def lines_of(value):
    """JSON with one case a line, so that a change of one is a change of one line."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(case) for case in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(name)}: {lines_of(part)}" for name, part in value.items()) + "\n}"
    return json.dumps(value)


def main(directory):
    tree = Tree([verify.leaf_hash(str(index).encode("ascii")) for index in range(LEAVES)])
    vectors = {
        "tree-generated.json": tree_vectors(tree),
        "proofs.json": proof_vectors(tree),
        "notes.json": note_vectors(tree),
        "keys.json": key_vectors(),
        "proof-files.json": proof_file_vectors(tree),
        "leaves.json": leaf_vectors([LOG, SECOND, THIRD], OTHER_LOG, lambda key, text: key.line(text)),
        "payload-rows.json": payload_row_vectors(),
        "pruned.json": pruned_vectors([LOG, SECOND], lambda key, text: key.line(text)),
    }
    for name, value in vectors.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(lines_of(value) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE)
