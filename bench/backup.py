"""Times `whimbrel backup` and a pymongo loop that writes the same bytes; prints a Markdown table of medians.

Started by bench/backup, which builds and finds what is needed.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support.mongodump import check_manifest, split  # noqa: E402
from support.process import wait_with_usage  # noqa: E402
from support.servers import Server, die_with_parent  # noqa: E402

BUILD = pathlib.Path(os.environ.get("WHIMBREL_BUILD", ROOT / "build" / "release"))
GENERATOR = pathlib.Path(os.environ.get("WHIMBREL_GENERATOR", BUILD / "users-generator"))
DATABASE = "whimbrel_bench"
LOOP = """
import os, sys
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
import pymongo
users = pymongo.MongoClient(sys.argv[1])[sys.argv[2]].get_collection(
    "users", codec_options=CodecOptions(document_class=RawBSONDocument))
with open(sys.argv[3], "wb") as out:
    for document in users.find(batch_size=10000):
        out.write(document.raw)
    out.flush()
    os.fsync(out.fileno())
"""


def digest(path):
    """Of the documents, whatever their order."""
    return hashlib.sha256(b"".join(sorted(split(path.read_bytes())))).hexdigest()


def measure(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
    usage = wait_with_usage(process)
    assert process.returncode == 0, command
    return usage


def peers(uri, folder):
    loop = folder / "loop.bson"
    yield "pymongo loop", [sys.executable, "-c", LOOP, uri, DATABASE, str(loop)], loop
    for name, flags in (("whimbrel", []), ("whimbrel --workers 1", ["--workers", "1"]),
                        ("whimbrel --gzip", ["--gzip"])):
        out = folder / "out"
        command = [str(BUILD / "whimbrel"), "backup", "--uri", uri, "-d", DATABASE, "-q", "--only", "users",
                   "--out", str(out), *flags, "-C", str(folder)]
        yield name, command, out / DATABASE / "users.bson"


def run(topology, args):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whimbrel-bench-"))
    server = Server(folder / "server", topology, cache_gb=args.cache)
    try:
        (folder / "whimbrel.yaml").write_text("{}")
        subprocess.run([str(GENERATOR), "--uri", server.uri, "--db", DATABASE, "--docs", str(args.docs)], check=True,
                       stdout=subprocess.DEVNULL)
        results, expected = {}, None
        for _ in range(args.runs):
            for name, command, path in peers(server.uri, folder):
                shutil.rmtree(folder / "out", ignore_errors=True)
                results.setdefault(name, []).append(measure(command))
                if path.exists():
                    found = digest(path)
                    assert found == (expected or found), f"{name} wrote other documents"
                    expected = found
                if (folder / "out").exists():
                    check_manifest(folder / "out")
        return results
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--docs", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--topology", choices=("replicaset", "standalone"))
    parser.add_argument("--cache", type=float, default=1.0, help="GB of the server's cache")
    args = parser.parse_args()
    print("| users | topology | peer | seconds | times the loop | documents/s | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    for topology in [args.topology] if args.topology else ["replicaset", "standalone"]:
        results = run(topology, args)
        base = statistics.median(u.seconds for u in results["pymongo loop"])
        for name, usages in results.items():
            seconds = statistics.median(u.seconds for u in usages)
            peak = max(u.peak for u in usages) / (1 << 20)
            print(f"| {args.docs:,} | {topology} | {name} | {seconds:.2f} | {base / seconds:.1f} "
                  f"| {args.docs / seconds:,.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
