"""Leaves of format v1 as cases: every kind, and what must be refused. From docs/log-format.md; used by generate.py."""

import base64
import copy

import verify

LOG_ID = "abcdefghijklmnopqrstuvwxyz"
HASH_A, HASH_B = "a" * 64, "0123456789abcdef" * 4
REVISION = "sha256:5feceb66"
DAY_MS = 1_767_225_600_000

DECISION = {
    "kind": "decision",
    "door": "ext_authz",
    "direction": "inbound",
    "route": "/v1/chat/completions",
    "tenant": "",
    "raw": "BLOCK",
    "effective": "BLOCK",
    "rule_ids": ["pci.card-number", "secrets.api-key"],
    "rule_count": 2,
    "gaps": [],
    "gap_count": 0,
    "policy_revision": REVISION,
    "c_request_id": HASH_A,
    "c_req": "",
    "c_resp": "",
    "c_subj": "",
    "envelope": HASH_B,
}
ANSWER = {"model": "m", "name": "n", "rule": "r", "said": "yes"}
SWITCH = {"kind": "admin", "op": "kill_switch", "event": "begin", "name": "bypass"}
SWITCH |= {"digest": HASH_A, "first_shown_ms": DAY_MS, "until_ms": DAY_MS + 1}
WINDOW = {**SWITCH, "op": "maintenance", "name": "new-chat", "from_ms": DAY_MS}
TOKEN = {"kind": "config", "what": "tokens", "event": "add", "token_id": "a2b3c4d5e6f7a2b3"}
TOKEN |= {"principal": "ana", "roles": ["auditor"], "expires_ms": DAY_MS}
FOR_A_PERSON = {"c_request_id": HASH_A, "c_tag": HASH_B, "count": "11-100", "c_seqs": HASH_A}
FOR_A_PERSON |= {"approvers": ["ana", "ben"], "reason": "subject_request"}
SHORTER = {"kind": "gap", "reason": "log_shorter", "recovered_size": 7, "signed_size": 9, "signed_root": HASH_A}
DIFFERS = {**SHORTER, "reason": "log_differs", "signed_size": 7}
GONE = {**DIFFERS, "reason": "leaves_gone"}
NO_CHECKPOINT = {**SHORTER, "reason": "no_checkpoint", "signed_size": 0, "signed_root": verify.EMPTY_ROOT.hex()}
UNRECORDED = {"kind": "gap", "reason": "store_unavailable", "records": 3, "kept": [2, 3]}
UNRECORDED |= {"first_ms": DAY_MS, "last_ms": DAY_MS + 5}
PRUNE = {"kind": "prune", "min_seq": 0, "peaks": [], "key_root": verify.EMPTY_ROOT.hex()}
PRUNE |= {"approvers": [], "reason": "retention"}
OPEN = {"kind": "open", "version": "0.2.0", "policy_revision": REVISION, "recovered_size": 0, "previous_close": "none"}


class Log:
    """Chains leaves. `encode` turns members into bytes."""

    def __init__(self):
        self.leaves = []
        self.epoch = 1

    def members(self, fields):
        prev = verify.leaf_hash(self.leaves[-1]).hex() if self.leaves else "0" * 64
        seq = len(self.leaves)
        place = {"v": 1, "log_id": LOG_ID, "epoch": self.epoch, "seq": seq, "time_ms": DAY_MS + seq}
        return {**place, "mono_ns": str(1_000_000 * seq), "prev": prev, **fields}

    def add(self, fields):
        self.leaves.append(verify.canonical(self.members(fields)).encode("utf-8"))


def key_leaf(what, epoch, old, new, signs_old=True, signs_new=True):
    """A `key` leaf. What both keys sign is six lines (docs/log-format.md)."""
    lines = ["jimini-key/v1", f"jimini.log/{LOG_ID}", str(epoch), what, old.text, new.text, ""]
    statement = "\n".join(lines).encode("utf-8")
    signature = lambda key: base64.b64encode(key.signature(statement)).decode("ascii")  # noqa: E731
    fields = {"kind": "key", "what": what, "epoch": epoch, "old_key": old.text, "new_key": new.text}
    fields |= {"old_signature": signature(old) if signs_old else ""}
    return {**fields, "new_signature": signature(new) if signs_new else ""}


def whole_log(keys):
    """Leaves of every kind, of two runs and two keys."""
    log = Log()
    log.add(OPEN)
    person = {"c_subj": HASH_A, "c_resp": HASH_B}
    for fields in [
        DECISION,
        {**DECISION, "raw": "ALLOW", "effective": "ALLOW", "rule_ids": [], "rule_count": 0, "c_request_id": "", "envelope": ""},
        {**DECISION, "direction": "outbound", **person, "link_seq": 1, "answer": "inspected", "outcome": "complete"},
        {**DECISION, "direction": "outbound", **person, "outcome": "blocked_late", "delivered": "1-100"},
        {**DECISION, "direction": "outbound", **person, "outcome": "aborted", "delivered": "0", "answer": "none"},
        {**DECISION, "direction": "", "outcome": "observed", "tenant": "\u00e9 \"quoted\" \\ \U0001f600 \u2028\u007f"},
        {**DECISION, "route": "\b\t\n\f\r\u0000\u001f/"},
        {**DECISION, "classifiers": [ANSWER, {**ANSWER, "said": "failed"}], "classifier_count": 3},
        {**DECISION, "effective": "ALLOW", "switch": "bypass"},
        {**DECISION, "effective": "BLOCK", "switch": "lockdown"},
        {**DECISION, "effective": "FLAG", "raw": "MASK", "switch": "maintenance", "windows": ["new-chat"]},
        {**DECISION, "rule_ids": [f"pack.rule-{i}" for i in range(64)], "rule_count": 100},
        {**DECISION, "gaps": ["body:absent"], "gap_count": 1},
        {"kind": "config", "what": "reload", "old_policy_revision": "a", "new_policy_revision": REVISION},
        {"kind": "config", "what": "packs", "old_policy_revision": REVISION, "new_policy_revision": "b"},
        TOKEN,
        {**TOKEN, "event": "change", "roles": []},
        {"kind": "config", "what": "tokens", "event": "remove", "token_id": TOKEN["token_id"]},
        SWITCH,
        {**SWITCH, "event": "lift", "name": "lockdown"},
        WINDOW,
        {**WINDOW, "event": "expire"},
        {"kind": "admin", "op": "refused", "method": "/jimini.v1.AuditService/Verify", "reason": "no_token"},
        {"kind": "admin", "op": "refused", "method": "/a.B/C", "reason": "no_role", "principal": "ana"},
        {"kind": "admin", "op": "refusals", "count": 3, "first_ms": DAY_MS, "last_ms": DAY_MS + 1},
        UNRECORDED,
        {**UNRECORDED, "kept": []},
        {**UNRECORDED, "late": [2, 2], "retired": [4, 259]},
        {"kind": "export", "op": "subject", **FOR_A_PERSON, "c_seqs": ""},
        {"kind": "restrict", "op": "begin", **FOR_A_PERSON, "count": "0"},
        {"kind": "hold", "op": "begin", **FOR_A_PERSON, "c_tag": ""},
        {"kind": "hold", "op": "release", **FOR_A_PERSON},
        {"kind": "erase", "op": "subject", **FOR_A_PERSON},
        {"kind": "erase", "op": "day", **FOR_A_PERSON, "c_tag": "", "approvers": [], "below_seq": 9},
        {**PRUNE, "approvers": ["ana"]},
        {"kind": "from_the_future", "anything": {"deep": [True, -1, {"x": ""}]}},
        {"kind": "admin", "op": "from_the_future"},
        {"kind": "config", "what": "from_the_future"},
        {"kind": "close", "reason": "shutdown"},
    ]:
        log.add(fields)
    log.epoch = 2
    log.add(key_leaf("rotate", 2, keys[0], keys[1]))
    run = {"recovered_size": len(log.leaves) - 1, "previous_close": "clean"}
    log.add({**OPEN, **run})
    log.add({"kind": "config", "what": "start", "old_policy_revision": "b", "new_policy_revision": REVISION})
    while len(log.leaves) < 54:
        log.add({**DECISION, "route": f"route-{len(log.leaves)}"})
    log.epoch = 3
    log.add(key_leaf("gap", 3, keys[1], keys[2], signs_old=False))
    log.add({**OPEN, "recovered_size": 54, "previous_close": "unclean"})
    log.add({**SHORTER, "recovered_size": 54, "signed_size": 60})
    log.add({**SHORTER, "kind": "admin", "op": "acknowledge_gap", "recovered_size": 54, "signed_size": 60})
    log.add({**DIFFERS, "recovered_size": 54, "signed_size": 20})
    log.add({**NO_CHECKPOINT, "recovered_size": 54})
    while len(log.leaves) < 63:
        log.add({**DECISION, "unknown_name": {"n": len(log.leaves)}})
    log.add({"kind": "close", "reason": "error"})
    return log.leaves


def leaf_vectors(keys, stranger, line_of):
    """`keys`: those of three epochs; `stranger`: a key of another log; `line_of`: signs the text of a checkpoint."""
    leaves = whole_log(keys)
    tree = verify.RootStream()
    for leaf in leaves:
        tree.add(verify.leaf_hash(leaf))
    root = base64.b64encode(tree.root()).decode("ascii")
    text = f"jimini.log/{LOG_ID}\n{len(leaves)}\n{root}\n"
    return {
        "log": [leaf.decode("utf-8") for leaf in leaves],
        "keys": [key.text for key in reversed(keys)],
        "checkpoint": [f"{text}\n{line_of(keys[2], text)}"],
        "cases": leaf_cases(keys, stranger),
        "files": file_cases(leaves),
    }


def leaf_cases(keys, stranger):
    log = Log()
    log.add(OPEN)
    cases = []

    def case(why, fields, rule=None, change=None, left=()):
        members = {name: value for name, value in log.members(fields).items() if name not in left}
        text = verify.canonical(members)
        if change:
            assert change[0] in text, (why, change)
            text = text.replace(*change, 1)
        cases.append({"why": why, "leaf": text, "rule": rule})

    def raw(why, data, rule):
        cases.append({"why": why, "base64": base64.b64encode(data).decode("ascii"), "rule": rule})

    def refused(kind, fields, changes, rule="fields"):
        for name, value in changes:
            members = {**copy.deepcopy(fields), name: value} if value is not None else fields
            left = (name,) if value is None else ()
            what = "without" if value is None else f"{verify.canonical(value)[:40]} as"
            case(f"{kind}, {what} {name}", members, rule, left=left)

    # Every kind as it is, then each of its fields missing or of another form.
    kinds = {
        "open": {**OPEN, "recovered_size": 1, "previous_close": "clean"},
        "decision": DECISION,
        "config": {"kind": "config", "what": "packs", "old_policy_revision": "a", "new_policy_revision": "b"},
        "token": TOKEN,
        "switch": SWITCH,
        "window": WINDOW,
        "refused": {"kind": "admin", "op": "refused", "method": "/a.B/C", "reason": "bad_token"},
        "refusals": {"kind": "admin", "op": "refusals", "count": 1, "first_ms": 1, "last_ms": 2},
        "acknowledge_gap": {**SHORTER, "kind": "admin", "op": "acknowledge_gap"},
        "store_unavailable": UNRECORDED,
        "log_shorter": SHORTER,
        "log_differs": DIFFERS,
        "leaves_gone": GONE,
        "no_checkpoint": NO_CHECKPOINT,
        "export": {"kind": "export", "op": "subject", **FOR_A_PERSON},
        "erase": {"kind": "erase", "op": "day", **FOR_A_PERSON},
        "restrict": {"kind": "restrict", "op": "lift", **FOR_A_PERSON},
        "hold": {"kind": "hold", "op": "release", **FOR_A_PERSON},
        "prune": PRUNE,
        "close": {"kind": "close", "reason": "shutdown"},
    }
    for kind, fields in kinds.items():
        case(f"{kind} as it is", fields)
        for name in fields:
            if name != "kind":
                case(f"{kind} without {name}", fields, "fields", left=(name,))
                case(f"{kind}, {name} of another type", {**fields, name: {"x": True}}, "fields")
        case(f"{kind} with a name that nobody knows", {**fields, "zzz": [[], {}, "\u20ac"]})
    for name in ("v", "log_id", "seq", "prev"):
        rule = "version" if name == "v" else name
        case(f"without {name}", DECISION, rule, left=(name,))
        case(f"{name} of another type", {**DECISION, name: [name]}, rule)
    for name in ("time_ms", "mono_ns", "kind", "epoch"):
        case(f"without {name}", DECISION, "fields", left=(name,))
        case(f"{name} of another type", {**DECISION, name: True}, "fields")

    case("version 0", {**DECISION, "v": 0}, "version")
    case("version 2", {**DECISION, "v": 2}, "version")
    case("version true", {**DECISION, "v": True}, "version")
    case("version as a text", {**DECISION, "v": "1"}, "version")
    case("another log", {**DECISION, "log_id": LOG_ID[::-1]}, "log_id")
    case("a log id with a capital", {**DECISION, "log_id": "A" + LOG_ID[1:]}, "log_id")
    case("a log id with a newline", {**DECISION, "log_id": LOG_ID + "\n"}, "log_id")
    case("a number too small", {**DECISION, "seq": 0}, "seq")
    case("a number too large", {**DECISION, "seq": 2}, "seq")
    case("a number that is true", {**DECISION, "seq": True}, "seq")
    case("prev of nothing", {**DECISION, "prev": "0" * 64}, "prev")
    case("prev in capitals", {**DECISION, "prev": log.members({})["prev"].upper()}, "prev")
    case("epoch 0", {**DECISION, "epoch": 0}, "fields")
    case("epoch 2 without a key leaf", {**DECISION, "epoch": 2}, "epoch")
    case("epoch true", {**DECISION, "epoch": True}, "fields")

    case("a kind that nobody knows", {"kind": "from_the_future"})
    case("a kind without a name", {"kind": ""})
    case("a kind named like a part of JavaScript", {"kind": "constructor", "__proto__": {"kind": "open"}})
    case("an operation that nobody knows", {"kind": "admin", "op": "toString"})
    case("a configuration change that nobody knows", {"kind": "config", "what": "moon"})
    case("a kind that nobody knows, in another epoch", {"kind": "from_the_future", "epoch": 2}, "epoch")
    case("a second open with another size", {**kinds["open"], "recovered_size": 2}, "fields")

    refused("decision", DECISION, [
        ("direction", "sideways"), ("raw", "allow"), ("raw", ""), ("effective", "PASS"),
        ("rule_ids", ["x"] * 65), ("rule_ids", [1]), ("rule_count", 1), ("rule_count", -2), ("rule_count", "2"),
        ("gaps", ["x"] * 17), ("gap_count", -1), ("c_req", HASH_A.upper()), ("c_req", HASH_A[1:]),
        ("c_resp", HASH_A + "0"), ("c_subj", "-"), ("c_request_id", "\n"), ("c_request_id", HASH_A + "\n"),
        ("envelope", HASH_A.upper()), ("envelope", HASH_A[1:]), ("envelope", ""), ("c_request_id", ""),
        ("switch", "off"), ("switch", ""), ("windows", ["w"]), ("classifier_count", 1), ("classifiers", [ANSWER]),
        ("link_seq", 1), ("link_seq", -1), ("link_seq", "0"), ("answer", ""), ("answer", "seen"), ("outcome", "done"),
        ("delivered", ""), ("delivered", 5), ("delivered", "7"), ("delivered", "0-5"), ("delivered", "10-9"),
        ("delivered", "01-9"), ("delivered", "1-"), ("delivered", "1-9\n"), ("delivered", "1-1000000000000000"),
    ])  # fmt: skip
    for name, value in [("link_seq", 0), ("answer", "none"), ("outcome", "observed"), ("delivered", "1-1"),
                        ("delivered", "1-999999999999999"), ("delivered", "9-10"), ("switch", "lockdown"),
                        ("rule_ids", []), ("rule_ids", ["x", "x"]), ("c_req", "")]:  # fmt: skip
        case(f"decision, {verify.canonical(value)} as {name}", {**DECISION, name: value})
    empty = {**DECISION, "c_request_id": "", "envelope": ""}
    case("a decision that commits to nothing", empty)
    for name in ("c_req", "c_resp", "c_subj"):
        case(f"a decision that commits to {name} only", {**empty, name: HASH_A, "envelope": HASH_B})
        case(f"a decision that commits to {name} without an envelope", {**empty, name: HASH_A}, "fields")
    planned = {**DECISION, "switch": "maintenance"}
    case("maintenance with 16 windows", {**planned, "windows": ["w"] * 16})
    case("maintenance without windows", planned, "fields")
    case("maintenance with 17 windows", {**planned, "windows": ["w"] * 17}, "fields")
    case("a bypass with windows", {**DECISION, "switch": "bypass", "windows": []}, "fields")
    for why, answers, number, rule in [
        ("answers of classifiers", [ANSWER] * 8, 9, None),
        ("no answers", [], 0, None),
        ("an answer with a name more", [{**ANSWER, "x": 1}], 1, None),
        ("nine answers", [ANSWER] * 9, 9, "fields"),
        ("fewer counted than there are", [ANSWER] * 2, 1, "fields"),
        ("an answer that is no object", ["yes"], 1, "fields"),
        ("an answer that says maybe", [{**ANSWER, "said": "maybe"}], 1, "fields"),
        ("an answer without its rule", [{"model": "m", "name": "n", "said": "no"}], 1, "fields"),
        ("answers that are an object", ANSWER, 1, "fields"),
    ]:
        case(why, {**DECISION, "classifiers": answers, "classifier_count": number}, rule)

    refused("open", kinds["open"], [("previous_close", "none"), ("previous_close", "dirty"), ("recovered_size", -1)])
    refused("token", TOKEN, [
        ("event", "grant"), ("token_id", "A2b3c4d5e6f7a2b3"), ("token_id", "a2b3"), ("token_id", TOKEN["token_id"] + "\n"),
        ("roles", ["r"] * 5), ("roles", "auditor"), ("expires_ms", -1), ("event", "remove"),
    ])  # fmt: skip
    refused("switch", SWITCH, [("event", "end"), ("name", "move"), ("digest", HASH_A.upper()), ("from_ms", 1),
                               ("until_ms", -1), ("op", "maintenance")])  # fmt: skip
    refused("window", WINDOW, [("op", "kill_switch"), ("from_ms", "1")])
    refused("refused", kinds["refused"], [("reason", "other"), ("principal", 1)])
    refused("refusals", kinds["refusals"], [("count", 0)])
    refused("gap", UNRECORDED, [("reason", "other"), ("kept", [1]), ("kept", [3, 2]), ("kept", [1, 2, 3]),
                                ("kept", [-1, 2]), ("kept", ["1", "2"]), ("records", -1),
                                ("late", [2, 1]), ("late", 2), ("retired", [1])])  # fmt: skip
    refused("log_shorter", SHORTER, [("signed_size", 7), ("signed_size", 6), ("signed_root", ""), ("reason", "log_differs")])
    refused("no_checkpoint", NO_CHECKPOINT, [("signed_size", 1), ("signed_root", HASH_A), ("recovered_size", 0)])
    refused("log_differs", DIFFERS, [("signed_size", 8), ("reason", "log_shorter")])
    refused("leaves_gone", GONE, [("signed_size", 8), ("signed_size", -1), ("signed_root", "")])
    for size in (0, 3):
        case(f"leaves_gone behind {size} signed leaves", {**GONE, "signed_size": size})
    refused("acknowledge_gap", kinds["acknowledge_gap"], [("reason", "store_unavailable"), ("signed_size", 1)])
    refused("close", kinds["close"], [("reason", "crash")])
    for kind in ("export", "erase", "restrict", "hold"):
        refused(kind, kinds[kind], [("op", ""), ("op", "Subject"), ("op", "x" * 33), ("op", "a b"), ("c_tag", "ana"),
                                    ("count", "12"), ("approvers", ["a"] * 9), ("approvers", [1]),
                                    ("reason", "free text"), ("reason", "")])  # fmt: skip
        case(f"{kind} with an operation that nobody knows", {**kinds[kind], "op": "other_2"})
    erase = kinds["erase"]
    for value, rule in [(0, None), (1, None), (2, "fields"), (-1, "fields"), ("1", "fields")]:
        case(f"erase, all below {value}", {**erase, "below_seq": value}, rule)
    refused("prune", kinds["prune"], [("min_seq", 256), ("min_seq", 1), ("min_seq", -256), ("peaks", [HASH_A]),
                                       ("peaks", None), ("key_root", ""), ("key_root", HASH_A.upper())])  # fmt: skip

    # Keys.
    rotation = key_leaf("rotate", 2, keys[0], keys[1])
    case("another key", rotation)
    case("another key that the old one did not sign", key_leaf("gap", 2, keys[0], keys[1], signs_old=False))
    case("another key without its own signature", key_leaf("rotate", 2, keys[0], keys[1], signs_new=False), "signer")
    case("a key leaf in the old epoch", {**rotation, "epoch": 1}, "epoch")
    case("a key leaf two epochs on", {**rotation, "epoch": 3}, "epoch")
    case("the same key", key_leaf("rotate", 2, keys[0], keys[0]), "signer")
    case("what was not signed", {**rotation, "what": "gap"}, "signer")
    case("signatures swapped", {**rotation, "old_signature": rotation["new_signature"],
                                "new_signature": rotation["old_signature"]}, "signer")  # fmt: skip
    case("an old signature that does not hold", {**rotation, "old_signature": rotation["new_signature"]}, "signer")
    signature = rotation["new_signature"]
    other_bits = signature[:-3] + chr(ord(signature[-3]) + 1) + "=="
    for why, text in [
        ("without padding", signature.rstrip("=")),
        ("in the alphabet of URLs", signature.replace("+", "-").replace("/", "_").rstrip("=")),
        ("with bits that stand for nothing", other_bits),
        ("with a newline", signature + "\n"),
        ("with a space", signature[:10] + " " + signature[10:]),
        ("that is cut", base64.b64encode(base64.b64decode(signature)[:63]).decode("ascii")),
        ("that is no base64", "!"),
    ]:
        case(f"a new signature {why}", {**rotation, "new_signature": text}, "signer")
        case(f"an old signature {why}", {**rotation, "old_signature": text}, "signer")
    key = keys[1].text
    for why, text in [
        ("of another log", stranger.text),
        ("with another id", key.replace("+", "+0", 1)),
        ("with padding", key + "="),
        ("with a newline", key + "\n"),
        ("that is none", "key"),
        ("that is empty", ""),
    ]:
        case(f"a new key {why}", {**rotation, "new_key": text}, "fields")
        case(f"an old key {why}", {**rotation, "old_key": text}, "fields")
    refused("key", rotation, [("what", "change"), ("old_signature", None), ("new_signature", 1), ("old_key", None)])

    # Bytes that are not the canonical form of anything.
    tenant = '"tenant":""'
    for why, put in [
        ("a needless escape", '"tenant":"\\u0061"'),
        ("an escaped slash", '"tenant":"a\\/b"'),
        ("an escape in capitals", '"tenant":"\\u001F"'),
        ("a long escape for a newline", '"tenant":"\\u000a"'),
        ("an escaped delete character", '"tenant":"\\u007f"'),
        ("an escaped euro sign", '"tenant":"\\u20ac"'),
        ("an escaped lone surrogate", '"tenant":"\\ud800"'),
        ("an escaped lone low surrogate", '"tenant":"\\udc00"'),
        ("an escaped pair of surrogates", '"tenant":"\\ud83d\\ude00"'),
        ("surrogates in the wrong order", '"tenant":"\\ude00\\ud83d"'),
        ("a bare tab", '"tenant":"\t"'),
        ("a bare zero", '"tenant":"\0"'),
        ("an unknown escape", '"tenant":"\\x41"'),
        ("an escape that is cut", '"tenant":"\\u00"'),
        ("a fraction", '"tenant":1.0'),
        ("a fraction of a half", '"tenant":0.5'),
        ("an exponent", '"tenant":1e3'),
        ("an exponent in capitals", '"tenant":1E3'),
        ("minus zero", '"tenant":-0'),
        ("a leading zero", '"tenant":01'),
        ("a plus sign", '"tenant":+1'),
        ("hexadecimal", '"tenant":0x1'),
        ("an integer that is not safe", '"tenant":9007199254740992'),
        ("a negative integer that is not safe", '"tenant":-9007199254740992'),
        ("an integer of a thousand digits", '"tenant":' + "9" * 1000),
        ("null", '"tenant":null'),
        ("NaN", '"tenant":NaN'),
        ("infinity", '"tenant":Infinity'),
        ("true in capitals", '"tenant":True'),
        ("a single quotation mark", "\"tenant\":''"),
        ("a space behind a colon", '"tenant": ""'),
        ("a newline behind a colon", '"tenant":\r""'),
        ("a comment", '"tenant":/**/""'),
        ("a name twice", '"tenant":"","tenant":""'),
        ("a name twice with other values", '"tenant":"","tenant":"x"'),
        ("a name twice, once escaped", '"tenant":"","t\\u0065nant":""'),
        ("names out of order", '"tenant":"","a":1'),
        ("names in the order of code points", '"tenant":"","tenant\uffff":1,"tenant\U0001f600":2'),
        ("a name that is no text", '"tenant":"",1:2'),
        ("a comma too many", '"tenant":"",'),
        ("an array with a comma too many", '"tenant":[1,]'),
        ("an array that is not closed", '"tenant":[1'),
        ("an object that is not closed", '"tenant":{"a":1'),
        ("names out of order further in", '"tenant":{"b":1,"a":2}'),
        ("a name twice further in", '"tenant":[{"a":1,"a":1}]'),
        ("nested 9 deep", '"tenant":' + "[" * 8 + "]" * 8),
        ("nested 2,000 deep", '"tenant":' + "[" * 2000 + "]" * 2000),
        ("nested without end", '"tenant":' + "[" * 3000),
    ]:
        case(why, DECISION, "canonical", (tenant, put))
    case("names in the order of UTF-16", DECISION, None, (tenant, '"tenant":"","tenant\U0001f600":2,"tenant\uffff":1'))
    case("nested 8 deep", DECISION, None, (tenant, '"tenant":"","tenants":' + "[" * 7 + "]" * 7))
    case("the largest and the smallest integer", DECISION, None,
         (tenant, '"tenant":"","tenants":[9007199254740991,-9007199254740991,-1,0]'))  # fmt: skip
    case("every escape that there is", {**DECISION, "tenant": "".join(map(chr, range(0x80))) + "\u2028\u2029\ufeff\ufffd"})

    whole = verify.canonical(log.members(DECISION)).encode("utf-8")
    full = {**DECISION, "tenant": "x" * (8192 - len(whole))}
    case("8,192 bytes", full)
    case("8,193 bytes", {**full, "tenant": full["tenant"] + "x"}, "size")
    case("too many bytes, few characters", {**DECISION, "tenant": "\u20ac" * 3000}, "size")
    raw("nothing", b"", "canonical")
    raw("a space in front", b" " + whole, "canonical")
    raw("a space behind", whole + b" ", "canonical")
    raw("a carriage return behind", whole + b"\r", "canonical")
    raw("a zero behind", whole + b"\0", "canonical")
    raw("a byte order mark", b"\xef\xbb\xbf" + whole, "canonical")
    raw("twice", whole + whole, "canonical")
    raw("in an array", b"[" + whole + b"]", "canonical")
    raw("a text", b'"x"', "canonical")
    raw("a number", b"1", "canonical")
    raw("cut", whole[:-1], "canonical")
    raw("UTF-16", whole.decode("ascii").encode("utf-16-le"), "canonical")
    raw("a byte that is no UTF-8", whole.replace(tenant.encode(), b'"tenant":"\xff"'), "utf-8")
    raw("a surrogate in UTF-8", whole.replace(tenant.encode(), b'"tenant":"\xed\xa0\x80"'), "utf-8")
    raw("an overlong slash", whole.replace(tenant.encode(), b'"tenant":"\xc0\xaf"'), "utf-8")
    raw("a character beyond Unicode", whole.replace(tenant.encode(), b'"tenant":"\xf4\x90\x80\x80"'), "utf-8")
    raw("a character that is cut", whole.replace(tenant.encode(), b'"tenant":"\xe2\x82"'), "utf-8")
    return {"first": log.leaves[0].decode("utf-8"), "leaves": cases}


def file_cases(leaves):
    """Ends of lines: whole files of three leaves. `seq`: where the fault is."""
    a, b, c = leaves[:3]
    cases = []

    def case(why, data, rule=None, seq=0):
        cases.append({"why": why, "base64": base64.b64encode(data).decode("ascii"), "rule": rule, "seq": seq})

    case("as it is", b"\n".join([a, b, c, b""]))
    case("no newline at the end", b"\n".join([a, b, c]), "canonical", 2)
    case("an empty line at the end", b"\n".join([a, b, c, b"", b""]), "canonical", 3)
    case("an empty line in front", b"\n".join([b"", a, b, c, b""]), "canonical", 0)
    case("an empty line between", b"\n".join([a, b"", b, c, b""]), "canonical", 1)
    case("CRLF", b"\r\n".join([a, b, c, b""]), "canonical", 0)
    case("CR", b"\r".join([a, b, c, b""]), "canonical" if len(a + b + c) < 8000 else "size", 0)
    case("LF CR", b"\n\r".join([a, b, c, b""]), "canonical", 1)
    case("a line separator", "\u2028".encode().join([a, b, c, b"\n"]), "canonical", 0)
    case("a byte order mark", b"\xef\xbb\xbf" + b"\n".join([a, b, c, b""]), "canonical", 0)
    case("a zero at the end", b"\n".join([a, b, c, b"\0"]), "canonical", 3)
    case("two leaves on a line", a + b + b"\n" + c + b"\n", "canonical", 0)
    case("a line of 9,000 bytes", a + b"\n" + b"x" * 9_000 + b"\n", "size", 1)
    case("a line of 9,000 bytes without its end", a + b"\n" + b"x" * 9_000, "size", 1)
    case("a newline only", b"\n", "canonical", 0)
    return cases
