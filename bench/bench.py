"""Runs whimbrel and its peers on fresh copies of the same users and prints tables of medians.

Started by bench/run, which builds and finds what is needed.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support.process import wait_with_usage  # noqa: E402
from support.servers import Server, die_with_parent  # noqa: E402

import pymongo  # noqa: E402

PEERS = ROOT / "bench" / "peers"
BUILD = pathlib.Path(os.environ.get("WHIMBREL_BUILD", ROOT / "build" / "release"))
DATABASE = "whimbrel_bench"
SLOW_BEYOND = 300_000  # documents: peers whose work is quadratic are left out
UPDATE_MANY, SEED = "update-many", "seed-loop"
STATUS_RUNS = 21
MIGRATE_MONGO_CONFIG = f"""module.exports = {{
  mongodb: {{ url: process.env.BENCH_URI, databaseName: '{DATABASE}', options: {{}} }},
  migrationsDir: 'migrations', changelogCollectionName: 'changelog', lockCollectionName: 'changelog_lock',
  lockTtl: 0, migrationFileExtension: '.js', useFileHash: false, moduleSystem: 'commonjs',
}};
"""


class Peer:
    """One row of the table: a command, and where and how often it makes sense."""

    def __init__(self, name, text, command, topologies=("replicaset", "standalone"), env=None,
                 most_docs=None, project="project"):
        self.name, self.text, self.command, self.project = name, text, command, project
        self.topologies, self.env = topologies, env or {}
        self.most_docs = most_docs

    def runs(self, docs, wanted):
        if self.most_docs and docs > self.most_docs:
            return 0
        return wanted


def node(script):
    return ["node", str(PEERS / script)]


def whimbrel(*flags):
    return [str(BUILD / "whimbrel"), "up", "--progress", "none", *flags]


ALL = [
    Peer(UPDATE_MANY, "one `updateMany` with the pipeline (Node)", node("update-many.js")),
    Peer(SEED, "the article's loop, batches of 1,000 (Node)", node("seed-loop.js"),
         env={"BENCH_BATCH": "1000"}, most_docs=SLOW_BEYOND),
    Peer("seed-loop-5000", "the article's loop, batches of 5,000 (Node)", node("seed-loop.js"),
         most_docs=SLOW_BEYOND),
    Peer("careful-loop", "careful loop: one cursor, batches of 10,000, read-ahead (Node)",
         node("careful-loop.js")),
    Peer("worker-transactions", "2 worker threads, a transaction a batch of 5,000 (Node)",
         node("worker-transactions.js"), topologies=("replicaset",)),
    Peer("whimbrel", "**whimbrel**, 2 lanes, journal on, exactly once", whimbrel()),
    Peer("whimbrel-journal-off", "**whimbrel**, 2 lanes, journal off", whimbrel("-e", "journal-off")),
    Peer("whimbrel-transform", "**whimbrel**, JavaScript `transform`, 2 lanes, journal on, exactly once",
         whimbrel(), project="project-js"),
]


def arguments():
    def numbers(text):
        return [int(n) for n in text.split(",")]

    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--docs", type=numbers, default=[200_000, 1_000_000], help="default 200000,1000000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--topology", type=lambda t: t.split(","), default=["replicaset", "standalone"])
    parser.add_argument("--only", nargs="+", metavar="PEER", choices=[p.name for p in ALL],
                        default=[p.name for p in ALL])
    parser.add_argument("--cache", type=float, help="the server's cache in GB (default: the server's own)")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def generator(server, *flags):
    command = [str(BUILD / "users-generator"), "--uri", server.uri, "--db", DATABASE, *flags]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measured(command, env=None, cwd=None):
    """Runs a command to its end; returns its Usage and its output.

    Variables of Node stay out: NODE_EXTRA_CA_CERTS alone makes each start of Node 20 read 200 kB of
    certificates (37 ms), whoever starts it.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env={**inherited, **(env or {})}, cwd=cwd, preexec_fn=die_with_parent)
        usage = wait_with_usage(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} exited {process.returncode}:\n{text[-3000:]}")
    return usage, text


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = pathlib.Path(folder)
        for name in ("project", "project-js"):
            shutil.copytree(ROOT / "bench" / name, self.folder / name)
        (self.folder / "node_modules").symlink_to(ROOT / "bench" / "node_modules")
        self.results = []

    def environment(self, server):
        return {"BENCH_URI": server.uri, "BENCH_DB": DATABASE,
                "WHIMBREL_URI": server.uri, "WHIMBREL_DB": DATABASE}

    def fresh_users(self, server, client, docs):
        client.drop_database(DATABASE)
        generator(server, "--docs", str(docs))
        client.admin.command("fsync")

    def run_all(self, folder):
        for topology in self.options.topology:
            server = Server(pathlib.Path(folder), topology, self.options.cache)
            try:
                with pymongo.MongoClient(server.uri) as client:
                    self.run_on(server, client, topology)
            finally:
                server.stop()
                shutil.rmtree(server.folder)

    def run_on(self, server, client, topology):
        for docs in self.options.docs:
            self.run_size(server, client, topology, docs)
            self.repeated(server, topology, docs)

    def run_size(self, server, client, topology, docs):
        peers = [p for p in ALL if p.name in self.options.only and topology in p.topologies]
        rows = {p.name: {"topology": topology, "docs": docs, "peer": p.name, "text": p.text,
                         "seconds": [], "cpu": [], "peak": []} for p in peers}
        digests = {}
        for number in range(self.options.runs):
            for peer in peers:
                if number >= peer.runs(docs, self.options.runs):
                    continue
                self.fresh_users(server, client, docs)
                env = {**self.environment(server), **peer.env}
                usage, _ = measured(peer.command, env, self.folder / peer.project)
                row = rows[peer.name]
                row["seconds"].append(usage.seconds)
                row["cpu"].append(usage.cpu_seconds)
                row["peak"].append(usage.peak / (1 << 20))
                digests.setdefault(generator(server, "--canonical"), peer.name)
                say(f"{topology} {docs} {peer.name}: {usage.seconds:.2f} s, "
                    f"peak {row['peak'][-1]:.0f} MiB")
                if len(digests) > 1:
                    sys.exit(f"the results differ: {digests}")
        for row in rows.values():
            if row["seconds"]:
                row["median"] = statistics.median(row["seconds"])
                row["peak"] = max(row["peak"])
                row["rate"] = docs / row["median"]
                self.results.append(row)

    def repeated(self, server, topology, docs):
        """A second `up` over the finished collection, when whimbrel ran last."""
        last = [p for p in ALL if p.name in self.options.only and topology in p.topologies][-1:]
        if not last or not last[0].name.startswith("whimbrel"):
            return
        usage, _ = measured(whimbrel(), self.environment(server), self.folder / last[0].project)
        self.results.append({"topology": topology, "docs": docs, "peer": "second-up",
                             "seconds": [usage.seconds]})
        say(f"{topology} {docs} second up: {usage.seconds:.2f} s")

    def measures_status(self):
        return any(name.startswith("whimbrel") for name in self.options.only)

    def status_of_a_thousand(self):
        """CPU of `status` over 1,000 migration files."""
        project = self.folder / "thousand"
        shutil.copytree(self.folder / "project", project, ignore=shutil.ignore_patterns("logs"))
        text = next((project / "migrations").iterdir()).read_text()
        for number in range(999):
            (project / "migrations" / f"{20260101000000 + number}-again.yaml").write_text(text)
        server = Server(self.folder / "status", "standalone", 0.5)
        try:
            runs = [measured([str(BUILD / "whimbrel"), "status"], self.environment(server), project)
                    for _ in range(5)]
            return statistics.median(usage.cpu_seconds for usage, _ in runs)
        finally:
            server.stop()

    def status_of_migrate_mongo(self):
        """Seconds of `status` in a project of migrate-mongo with 100 migrations: both tools, in turn."""
        project = self.folder / "of-migrate-mongo"
        (project / "migrations").mkdir(parents=True)
        for number in range(100):
            (project / "migrations" / f"{20260101000000 + number}-nothing.js").write_text(
                "module.exports = { async up(db) {}, async down(db) {} };\n")
        server = Server(self.folder / "status-server", "standalone", 0.5)
        tools = {"migrate-mongo": ["node", str(ROOT / "bench/node_modules/migrate-mongo/bin/migrate-mongo.js")],
                 "whimbrel": [str(BUILD / "whimbrel")]}
        seconds = {name: [] for name in tools}
        (project / "migrate-mongo-config.js").write_text(MIGRATE_MONGO_CONFIG)
        try:
            for _ in range(STATUS_RUNS):
                for name, command in tools.items():
                    usage, text = measured([*command, "status"], {"BENCH_URI": server.uri}, project)
                    assert text.count("-nothing.js") == 100, text
                    seconds[name].append(usage.seconds)
            return {name: statistics.median(runs) for name, runs in seconds.items()}
        finally:
            server.stop()


def find(results, topology, docs, peer):
    for row in results:
        if (row["topology"], row["docs"], row["peer"]) == (topology, docs, peer) and "median" in row:
            return row
    return None


def print_table(results, topology, docs):
    rows = [r for r in results if r["topology"] == topology and r["docs"] == docs and "median" in r]
    if not rows:
        return
    name = "replica set" if topology == "replicaset" else "standalone server"
    print(f"\n### {docs:,} users, {name}\n")
    print("| who | seconds | of `updateMany` | of the article's loop | documents/s | peak MiB | runs |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    base, seed = (find(results, topology, docs, p) for p in (UPDATE_MANY, SEED))
    for row in rows:
        def ratio(to):
            return f"{row['median'] / to['median']:.2f}" if to else ""
        print(f"| {row['text']} | {row['median']:.2f} | {ratio(base)} | {ratio(seed)} | "
              f"{row['rate']:,.0f} | {row['peak']:.0f} | {len(row['seconds'])} |")
    for row in results:
        if (row["topology"], row["docs"], row["peer"]) == (topology, docs, "second-up"):
            print(f"\nA second `whimbrel up`: {row['seconds'][0]:.2f} s.")


def print_growth(results, topologies, sizes):
    if len(sizes) < 2:
        return
    small, large = min(sizes), max(sizes)
    print(f"\n### Growth: documents/s at {large:,} as a share of those at {small:,}\n")
    print("| who | " + " | ".join(topologies) + " |\n|---|" + "--:|" * len(topologies))
    for peer in ALL:
        cells = []
        for topology in topologies:
            a, b = find(results, topology, small, peer.name), find(results, topology, large, peer.name)
            cells.append(f"{b['rate'] / a['rate']:.2f}" if a and b else "")
        if any(cells):
            print(f"| {peer.text} | " + " | ".join(cells) + " |")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-") as folder:
        bench = Bench(options, folder)
        bench.run_all(folder)
        status_cpu = bench.status_of_a_thousand() if bench.measures_status() else None
        status = bench.status_of_migrate_mongo() if bench.measures_status() else None
    for docs in options.docs:
        for topology in options.topology:
            print_table(bench.results, topology, docs)
    print_growth(bench.results, options.topology, options.docs)
    if status_cpu is not None:
        print(f"\n`whimbrel status` over 1,000 migration files: {status_cpu * 1000:.0f} ms of CPU.")
        ours, theirs = status["whimbrel"], status["migrate-mongo"]
        print(f"\n`whimbrel status` in a project of migrate-mongo with 100 migrations: {ours * 1000:.0f} ms; "
              f"`migrate-mongo status`: {theirs * 1000:.0f} ms ({ours / theirs:.2f}).")
    place = ROOT / "bench" / "results" / "latest.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({
        "cores": os.cpu_count(), "machine": platform.machine(), "cacheGB": options.cache,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "statusOfAThousandCpuSeconds": status_cpu, "statusSeconds": status, "results": bench.results}, indent=1) + "\n")
    say(f"written: {place.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
