"""Measures the write latency of a live application without and beside whimbrel and its peers.

Started by bench/live, which builds and finds what is needed.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

from bench import ALL, BUILD, DATABASE, ROOT, Bench, Peer, die_with_parent, measured, say, whimbrel

QUIET_SECONDS = 8
PEERS = [p for p in ALL if p.name in ("update-many", "worker-transactions")] + [
    Peer("whimbrel", "**whimbrel** as it comes", whimbrel("-e", "as-it-comes")),
    Peer("whimbrel-5000", "**whimbrel**, batches of 5,000 and 500 ms", whimbrel())]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/live", description=__doc__)
    parser.add_argument("--docs", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--topology", type=lambda t: t.split(","), default=["replicaset", "standalone"])
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--rate", type=lambda t: [float(n) for n in t.split(",")], default=[0, 1000],
                        help="writes a second of all threads, 0: as fast as they are answered; default 0,1000")
    parser.add_argument("--only", nargs="+", metavar="PEER", choices=[p.name for p in PEERS],
                        default=[p.name for p in PEERS])
    parser.add_argument("--cache", type=float, help="the server's cache in GB (default: the server's own)")
    return parser.parse_args()


class Application:
    """bench/application.cc, running."""

    def __init__(self, server, threads, rate):
        command = [BUILD / "application", "--uri", server.uri, "--db", DATABASE, "--threads", threads, "--rate", rate]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        assert self.process.stdout.readline() == "ready\n"

    def end_phase(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        out, _ = self.process.communicate()
        return json.loads(out)


class LiveBench(Bench):
    def run_on(self, server, client, topology):
        for rate in self.options.rate:
            self.run_rate(server, client, topology, rate)

    def run_rate(self, server, client, topology, rate):
        peers = [p for p in PEERS if p.name in self.options.only and topology in p.topologies]
        for run in range(self.options.runs):
            for peer in peers:
                self.fresh_users(server, client, self.options.docs)
                row = {"topology": topology, "rate": rate, "peer": peer.name, "text": peer.text, "run": run,
                       **self.beside(server, peer, rate)}
                self.results.append(row)
                say(json.dumps({key: row[key] for key in row if key != "text"}))

    def beside(self, server, peer, rate):
        application = Application(server, self.options.threads, rate)
        time.sleep(1)  # connections and caches get warm
        application.end_phase()
        time.sleep(QUIET_SECONDS)
        quiet = application.end_phase()
        usage, _ = measured(peer.command, {**self.environment(server), **peer.env}, self.folder / peer.project)
        return {"quiet": quiet, "beside": application.end_phase(), "seconds": usage.seconds,
                "kept": application.end()}


def print_table(rows, options):
    print("| who | seconds | writes/s before | during | p50 before | during | p99 before | during | p99 ratio "
          "| longest | lost | doubled |")
    print("|---|" + "--:|" * 11)
    for name in options.only:
        runs = [row for row in rows if row["peer"] == name]
        if not runs:
            continue

        def median(*path):
            values = []
            for run in runs:
                for key in path:
                    run = run[key]
                values.append(run)
            return statistics.median(values)

        def rate(phase):
            return f"{statistics.median(r[phase]['writes'] / r[phase]['seconds'] for r in runs):,.0f}"

        counts = [sum(r["kept"][what][how] for r in runs for what in ("increments", "inserts"))
                  for how in ("lost", "doubled")]
        ratio = statistics.median(r["beside"]["p99"] / r["quiet"]["p99"] for r in runs)
        print(f"| {runs[0]['text']} | {median('seconds'):.1f} | {rate('quiet')} | {rate('beside')} | "
              f"{median('quiet', 'p50'):.1f} | {median('beside', 'p50'):.1f} | {median('quiet', 'p99'):.1f} | "
              f"{median('beside', 'p99'):.1f} | {ratio:.1f} | {max(r['beside']['max'] for r in runs):.0f} | "
              f"{counts[0]} | {counts[1]} |")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="whimbrel-live-") as folder:
        bench = LiveBench(options, folder)
        bench.run_all(folder)
    for topology in options.topology:
        for rate in options.rate:
            pace = f"{rate:,.0f} writes/s" if rate else "as fast as they are answered"
            print(f"\n### {options.docs:,} users, {topology}, {options.threads} writers, {pace} (times in ms)\n")
            print_table([r for r in bench.results if (r["topology"], r["rate"]) == (topology, rate)], options)
    place = ROOT / "bench" / "results" / "live.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(bench.results, indent=1) + "\n")
    say(f"written: {place.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
