"""mongodump's formats, read and written without whimbrel: directories and archives."""
import gzip
import hashlib
import json
import pathlib
import struct

import bson
from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.son import SON

MAGIC = b"\x6d\xe2\x99\x81"
TERMINATOR = b"\xff\xff\xff\xff"
RAW = CodecOptions(document_class=RawBSONDocument)
CANONICAL = json_util.CANONICAL_JSON_OPTIONS


def crc64(data, crc=0):
    """CRC-64/XZ, bit by bit as in its definition."""
    crc ^= 2 ** 64 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    return crc ^ 2 ** 64 - 1


def split(data):
    """Documents one behind the other, as raw bytes."""
    documents, at = [], 0
    while at < len(data):
        length, = struct.unpack_from("<i", data, at)
        assert 5 <= length <= len(data) - at, f"a document of {length} bytes at {at}"
        documents.append(data[at:at + length])
        at += length
    return documents


def content(path):
    data = pathlib.Path(path).read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def metadata(path):
    return json_util.loads(content(path).decode(), json_options=CANONICAL)


class Dump:
    """What a reader found: collection -> raw documents, and collection -> metadata."""

    def __init__(self):
        self.documents, self.metadata = {}, {}

    def sorted(self, collection):
        return sorted(self.documents[collection])


def read_directory(folder, database):
    dump = Dump()
    for path in pathlib.Path(folder, database).iterdir():
        name = path.name.removesuffix(".gz")
        if name.endswith(".bson"):
            dump.documents[name.removesuffix(".bson")] = split(content(path))
        elif name.endswith(".metadata.json"):
            dump.metadata[name.removesuffix(".metadata.json")] = metadata(path)
    return dump


def read_archive(data):
    """Strictly as mongorestore: checksums, ends, no collection twice, nothing unannounced."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    assert data[:4] == MAGIC
    at, dump, announced, ended, sums = 4, Dump(), set(), set(), {}

    def block():
        nonlocal at
        documents = []
        while data[at:at + 4] != TERMINATOR:
            length, = struct.unpack_from("<i", data, at)
            assert 5 <= length <= 16777216
            documents.append(data[at:at + length])
            at += length
        at += 4
        return documents

    header, *entries = [bson.decode(d) for d in block()]
    assert header["version"] == "0.1" and isinstance(header["concurrent_collections"], int)
    for entry in entries:
        announced.add(entry["collection"])
        dump.metadata[entry["collection"]] = json_util.loads(entry["metadata"], json_options=CANONICAL)
    while at < len(data):
        raw, *documents = block()
        header = bson.decode(raw, codec_options=CodecOptions(document_class=SON))
        assert set(header) == {"db", "collection", "EOF", "CRC"}, header
        name = header["collection"]
        assert name.removeprefix("system.buckets.") in announced and name not in ended
        for document in documents:
            dump.documents.setdefault(name, []).append(document)
            sums[name] = crc64(document, sums.get(name, 0))
        dump.documents.setdefault(name, [])
        if header["EOF"]:
            assert not documents
            assert header["CRC"] & 2 ** 64 - 1 == sums.get(name, 0), name
            ended.add(name)
    assert {n.removeprefix("system.buckets.") for n in ended} == announced
    return dump


def metadata_text(name, options=None, indexes=None, kind="collection"):
    document = {"indexes": indexes if indexes is not None else [{"v": 2, "key": {"_id": 1}, "name": "_id_"}],
                "collectionName": name, "type": kind}
    if options:
        document = {"options": options, **document}
    return json_util.dumps(document, json_options=CANONICAL)


def write_directory(folder, database, collections, packed=False):
    """`collections`: name -> (raw documents or None, metadata text or None)."""
    root = pathlib.Path(folder, database)
    root.mkdir(parents=True)
    end, pack = (".gz", gzip.compress) if packed else ("", bytes)
    (root / f"prelude.json{end}").write_bytes(pack(b'{"ServerVersion":"7.0.16","ToolVersion":"100.12.0"}'))
    for name, (documents, text) in collections.items():
        if documents is not None:
            (root / f"{name}.bson{end}").write_bytes(pack(b"".join(documents)))
        if text is not None:
            (root / f"{name.removeprefix('system.buckets.')}.metadata.json{end}").write_bytes(pack(text.encode()))
    return root


def namespace(database, name, end, crc=0):
    return bson.encode(SON([("db", database), ("collection", name), ("EOF", end),
                            ("CRC", bson.Int64(crc - 2 ** 64 if crc >= 2 ** 63 else crc))]))


def archive(database, collections):
    """Blocks of two documents that alternate between the collections."""
    data = MAGIC + bson.encode(SON([("concurrent_collections", 4), ("version", "0.1"),
                                    ("server_version", "7.0.16"), ("tool_version", "100.12.0")]))
    for name, (_, text) in collections.items():
        data += bson.encode(SON([("db", database), ("collection", name), ("metadata", text), ("size", 0),
                                 ("type", "collection")]))
    data += TERMINATOR
    left = {name: list(documents or []) for name, (documents, _) in collections.items()}
    while any(left.values()):
        for name, documents in left.items():
            if documents:
                data += namespace(database, name, False) + b"".join(documents[:2]) + TERMINATOR
                del documents[:2]
    for name, (documents, _) in collections.items():
        data += namespace(database, name, True, crc64(b"".join(documents or []))) + TERMINATOR
    return data


def check_manifest(folder):
    """The manifest of a backup of ours, with its checksums compared."""
    manifest = json.loads(pathlib.Path(folder, "whimbrel-backup.json").read_text())
    for file in manifest["files"]:
        data = pathlib.Path(folder, file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"]), file
    return manifest
