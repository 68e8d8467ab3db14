"""Writes commitments.json beside itself, from docs/log-payload.md and the standard library alone.

The program is checked against it (tests/privacy/commitment.test.ts): what stands in the file must not come from the
code that it tests. Run it after a change of the format, and look at the difference.
"""

import hashlib
import hmac
import json
import pathlib


def prefix(purpose, field):
    return f"jimini/{purpose}/v1".encode() + b"\0" + field.encode() + b"\0"


def nonce(seed, field, index):
    return hmac.new(seed, prefix("nonce", field) + index.to_bytes(4, "big") + b"\x01", hashlib.sha256).digest()


def span_hash(field, nonce_bytes, data):
    return hashlib.sha256(prefix("span", field) + nonce_bytes + len(data).to_bytes(8, "big") + data).digest()


def case(title, seed, field, spans):
    nonces = [nonce(seed, field, i) for i in range(len(spans))]
    hashes = [span_hash(field, n, s) for n, s in zip(nonces, spans)]
    commitment = hashlib.sha256(prefix("field", field) + len(spans).to_bytes(4, "big") + b"".join(hashes)).hexdigest()
    return {
        "title": title,
        "seed": seed.hex(),
        "field": field,
        "spans": [s.hex() for s in spans],
        "nonces": [n.hex() for n in nonces],
        "hashes": [h.hex() for h in hashes],
        "commitment": commitment,
    }


ZERO = bytes(32)
SEED = bytes(range(32))
CASES = [
    case("no span", SEED, "req", []),
    case("one empty span", SEED, "req", [b""]),
    case("one span", SEED, "subj", [b"user-4711"]),
    case("the same text under another field", SEED, "request_id", [b"user-4711"]),
    case("the same text under another seed", ZERO, "subj", [b"user-4711"]),
    case("three spans", SEED, "req", [b"[]", b"5:my id", b" is"]),
    case("the same bytes cut elsewhere", SEED, "req", [b"[]", b"5:my i", b"d is"]),
    case("UTF-8", SEED, "resp", ["Grüße, 你好 \U0001f600".encode()]),
    case("any bytes", SEED, "resp", [bytes(range(256))]),
    case("300 spans", SEED, "req", [bytes([i % 256]) for i in range(300)]),
]

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(CASES, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
