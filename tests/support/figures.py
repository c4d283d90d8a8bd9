"""What the tests under fire did, as one table: `python3 -m support.figures FILE` prints it.

Each test adds a line of JSON to the file that $WHIMBREL_TEST_FIGURES names, if it names one.
"""
import collections
import json
import os
import sys

COLUMNS = ("points", "kills", "lost answers", "stalls", "passed", "resumed", "disturbances", "writes beside it", "lost",
           "doubled")


def record(what, topology, **figures):
    """Adds figures of one test; those of the same `what` and topology are added up."""
    place = os.environ.get("WHIMBREL_TEST_FIGURES")
    if place:
        line = json.dumps({"what": what, "topology": topology, "figures": figures}) + "\n"
        with open(place, "a", encoding="utf-8") as file:
            file.write(line)  # tests that run at once do not mix: one short write


def table(lines):
    sums = collections.defaultdict(collections.Counter)
    for line in map(json.loads, lines):
        row = sums[line["what"], line["topology"]]
        for name, figure in line["figures"].items():
            row[name] += figure
    columns = [c for c in COLUMNS if any(c in row for row in sums.values())]
    yield "| under fire | topology | " + " | ".join(columns) + " |"
    yield "|---|---|" + "--:|" * len(columns)
    for (what, topology), row in sorted(sums.items()):
        cells = (f"{row[c]:,}" if c in row else "" for c in columns)
        yield f"| {what} | {topology} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as recorded:
        print("\n".join(table(recorded)))
