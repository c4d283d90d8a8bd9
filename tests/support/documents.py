"""Documents and ids of every BSON type, from a seeded generator."""
import datetime
import random
import struct

from bson import (Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex,
                  Timestamp, encode)
from bson.raw_bson import RawBSONDocument
from bson.son import SON

UTC = datetime.timezone.utc


def raw_element(kind, key, payload):
    """A document of one element of a type that the driver cannot write."""
    body = bytes([kind]) + key.encode() + b"\0" + payload
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def raw_string(text):
    data = text.encode() + b"\0"
    return struct.pack("<i", len(data)) + data


def append(document, other):
    """Two raw documents as one."""
    body = document[4:-1] + other[4:-1]
    return struct.pack("<i", len(body) + 5) + body + b"\0"


DEPRECATED = {  # type number and payload of what old applications have left behind
    "symbol": (0x0E, raw_string("a symbol")),
    "dbpointer": (0x0C, raw_string("db.things") + bytes(range(12))),
    "undefined": (0x06, b""),
}


def ids():
    """Ids of every type that a server takes as `_id`, several of each, all different to a server."""
    for value in (MinKey(), MaxKey(), None, True, False):
        yield value
    yield from (float("nan"), float("-inf"), float("inf"), -0.0, 0.5, -1.5, 1e300, 5e-324, 2.0 ** 53)
    yield from (1, 2, -3, 2 ** 31 - 1, -(2 ** 31), Int64(7), Int64(2 ** 31), Int64(2 ** 63 - 1),
                Int64(-(2 ** 63)), Int64(2 ** 53 + 1))
    for text in ("0.1", "-0.1", "1E+6000", "-1E+6000", "1E-6000", "123456789012345678901234567890",
                 "9007199254740992.5"):
        yield Decimal128(text)
    yield from ("", "a", "A", "aa", "b", "é", "e\u0301", "z\0z", "10", "9", "\U0001F426", "$a", "a.b")
    yield from ({}, {"a": 1}, {"a": 2}, {"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": None},
                {"a": {"b": [1, {"c": 2}]}}, {"a": MinKey()}, {"a": float("nan")}, {"a": "x"})
    for subtype in (0, 2, 3, 4, 5, 6, 128):
        yield Binary(b"", subtype) if subtype not in (3, 4) else Binary(bytes(16), subtype)
        yield Binary(bytes(range(16)), subtype)
    yield from (ObjectId("0" * 24), ObjectId("f" * 24), ObjectId("65920080" + "0" * 16))
    for milliseconds in (-(2 ** 62), -1, 0, 1, 1700000000000, 2 ** 62):
        yield DatetimeMS(milliseconds)
    yield from (Timestamp(0, 1), Timestamp(1, 0), Timestamp(2 ** 32 - 1, 2 ** 32 - 1))
    yield from (Code("f()"), Code(""), Code("f()", {"x": 1}), Code("f()", {}))
    yield DBRef("things", 1)


def raw_ids():
    """Raw documents `{_id}` of the types that the driver cannot write and a server still takes."""
    for name in ("symbol", "dbpointer"):
        kind, payload = DEPRECATED[name]
        yield raw_element(kind, "_id", payload)


def id_documents(rng: random.Random, filler=8):
    """Raw documents {_id, k, n} with ids of every type in a mixed order, and `filler` more of the
    types that have many values; n starts as k."""
    values = list(ids())
    for _ in range(filler):
        values += [rng.getrandbits(30) + 1000, rng.random() * 1e6, f"s{rng.getrandbits(60):x}",
                   ObjectId(rng.randbytes(12)), Binary(rng.randbytes(9), 0),
                   DatetimeMS(rng.getrandbits(41) + 10), {"k": rng.getrandbits(60)},
                   Timestamp(rng.getrandbits(31), rng.getrandbits(31) + 1),
                   Decimal128(f"{rng.getrandbits(90)}.25")]
    heads = [encode({"_id": value}) for value in values] + list(raw_ids())
    rng.shuffle(heads)
    return [RawBSONDocument(append(head, encode({"k": k, "n": k}))) for k, head in enumerate(heads)]


def value(rng: random.Random, depth=0):
    """Any BSON value that may stand in a document."""
    makers = [
        lambda: None, lambda: rng.random() < 0.5, lambda: rng.getrandbits(31),
        lambda: -rng.getrandbits(31), lambda: Int64(rng.getrandbits(63)),
        lambda: Int64(rng.getrandbits(8)), lambda: rng.choice([0.0, -0.0, 1.0, float("nan"), 1e300]),
        lambda: rng.gauss(0, 1e6), lambda: Decimal128(rng.choice(["0", "-0", "0E+3", "NaN", "1.50"])),
        lambda: f"t{rng.getrandbits(40):x}" * rng.randrange(1, 6), lambda: "\0 é \U0001F426",
        lambda: Binary(rng.randbytes(rng.randrange(20)), rng.choice([0, 2, 5, 128])),
        lambda: Binary(rng.randbytes(16), 4), lambda: ObjectId(rng.randbytes(12)),
        lambda: DatetimeMS(rng.getrandbits(44) - 2 ** 43), lambda: Regex("^a.*b", rng.choice(["", "imx"])),
        lambda: Code("function() { return 1; }"), lambda: Code("f()", {"x": rng.getrandbits(20)}),
        lambda: Timestamp(rng.getrandbits(32), rng.getrandbits(31) + 1), MinKey, MaxKey,
        lambda: DBRef("things", rng.getrandbits(20)),
    ]
    if depth < 3:
        makers += 3 * [lambda: fields(rng, depth + 1, rng.randrange(4))]
        makers += 2 * [lambda: [value(rng, depth + 1) for _ in range(rng.randrange(5))]]
    return rng.choice(makers)()


def fields(rng, depth=0, count=6):
    names = rng.sample("abcdefghijklmopq", count)
    return SON((name, value(rng, depth)) for name in names)


def documents(rng: random.Random, count):
    """Raw documents of random fields a…q of every type, the deprecated ones too, and an int `n`."""
    for number in range(count):
        raw = encode(SON([("_id", number)]))
        raw = append(raw, encode(fields(rng, 0, rng.randrange(1, 12))))
        if rng.random() < 0.2:
            name, (kind, payload) = rng.choice(list(DEPRECATED.items()))
            raw = append(raw, raw_element(kind, f"old_{name}", payload))
        yield RawBSONDocument(append(raw, encode({"n": rng.randrange(1000)})))


# Values that drivers change, drop or stumble over on their way through JavaScript: type number and payload.
AWKWARD = {
    **DEPRECATED,
    "one": (0x01, struct.pack("<d", 1.0)), "not_a_number": (0x01, b"\x01" + bytes(5) + b"\xf8\x7f"),
    "minus_zero": (0x01, struct.pack("<d", -0.0)), "far_date": (0x09, struct.pack("<q", 2 ** 62)),
    "long": (0x12, struct.pack("<q", 2 ** 60 + 1)), "small_long": (0x12, struct.pack("<q", 5)),
    "decimal": (0x13, bytes(14) + b"\x40\x30"), "zero_time": (0x11, bytes(8)), "min": (0xFF, b""), "max": (0x7F, b""),
    "old_binary": (0x05, struct.pack("<i", 9) + b"\2" + struct.pack("<i", 5) + b"abcde"),
    "old_uuid": (0x05, struct.pack("<i", 16) + b"\3" + bytes(16)),
    "own_binary": (0x05, struct.pack("<i", 2) + b"\x80ab"),
    "vector": (0x05, struct.pack("<i", 4) + b"\x09\x10\x07ab"), "code": (0x0D, raw_string("f()")),
    "scoped": (0x0F, encode({"": Code("f()", {"x": 1})})[6:-1]), "flags": (0x0B, b"a.b\0isx\0"),
    "reference": (0x03, encode(SON([("$ref", "things"), ("$id", 1), ("more", 2.0)]))),
    "constructor": (0x06, b""), "toString": (0x10, bytes(4)), "__proto__": (0x10, bytes(4)),
    "_bsontype": (0x02, raw_string("ObjectId")), "sparse": (0x04, raw_element(0x10, "3", bytes(4))),
}
# What the driver cannot read without being told how.
UNREADABLE = {"expression": (0x0B, b"(?i)abc\0\0"), "unicode": (0x0B, b"\\d{2,1}\0\0"),
              "no_utf8": (0x02, struct.pack("<i", 4) + b"\xff\xfea\0")}


def awkward(rng: random.Random, values):
    """Some of these values, as elements by their names."""
    return [(values[name][0], name, values[name][1]) for name in rng.sample(sorted(values), rng.randrange(1, 6))]


def raw_document(elements):
    document = encode({})
    for element in elements:
        document = append(document, raw_element(*element))
    return document


def touched(rng: random.Random, count):
    """Pairs of raw documents: {_id, …, sub: {…}, arr: […]} of every type, and the same with a 1 as `zz`: at the
    end of the document where `_id` is even, of `sub` and of `arr` where it is odd."""
    one = (0x10, "zz", struct.pack("<i", 1))
    top = {name: value for name, value in AWKWARD.items() if name != "zero_time"}  # an insert would fill it in
    for number, plain in enumerate(documents(rng, count)):
        more = {} if number % 3 else UNREADABLE
        head = append(plain.raw, raw_document(awkward(rng, {**top, **more})))
        sub = awkward(rng, {**AWKWARD, **more})
        arr = [(kind, str(at), payload) for at, (kind, _, payload) in enumerate(awkward(rng, {**AWKWARD, **more}))]
        item = (0x10, str(len(arr)), struct.pack("<i", 1))

        def nested(sub, arr):
            return raw_document([(0x03, "sub", raw_document(sub)), (0x04, "arr", raw_document(arr))])

        before = append(head, nested(sub, arr))
        if number % 2:
            yield before, append(head, nested([*sub, one], [*arr, item]))
        else:
            yield before, append(before, raw_document([one]))


def insert(collection, found, size=500):
    """Inserts raw documents in batches and returns how many."""
    found = list(found)
    for start in range(0, len(found), size):
        collection.insert_many(found[start:start + size], ordered=False)
    return len(found)
