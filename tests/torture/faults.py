"""Dies, fails or stalls at every fault point that the program itself names (src/base/fault.h).

An undisturbed run writes down the points that it passes. Then the same command runs again and again,
each time with a fault at one passage of one point, and is resumed until it is done. The documents, the
changelog and the counts must then be what the undisturbed run left behind, whatever the point.
"""
import collections
import json

from support.figures import record
from support.scripts import ScriptTest, script, transforms
from support.testcase import LONG

DOCS = 30
BATCH = 10
TWICE = [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]
RESUMPTIONS = 4
VISITED_AGAIN = 0.1  # share of the points that another scenario has visited with this fault, without --long
NEW_DATABASES = 0.2  # share of the runs for which whimbrel's collections are made anew, without --long
# Who cannot connect, write a log or start Node says so at once; the target of a copy is no state.
NOT_RIDDEN_OUT = ("hello", "buildInfo", "log file", "node ", "create others")


class Scenario:
    """A command and what it works on."""

    docs = [{"_id": k if k % 3 else f"s{k}", "k": k, "n": k} for k in range(DOCS)]
    command = ("up",)
    resume = ("up", "--wait", "60s")
    before = ()  # commands that run before, undisturbed
    rides_out = True  # one broken connection does not end it
    counts_exactly = True  # else `modified` may lack the batch that was open at the kill
    ends_with = 0  # 3 where documents are to be left in quarantine
    thorough = False  # also without --long: lost answers, too
    everywhere = False  # also without --long: at points that others have visited, too

    def __init__(self, name, write, **keys):
        self.name = name
        self.write = write
        self.__dict__.update(keys)

    def prepare(self, project, anew=True):
        project.empty() if anew else project.clear()
        project.db.things.insert_many(self.docs)
        for command in self.before:
            result = project.run(*command)
            assert result.rc in (0, 3), result


def yaml(*steps, **keys):
    return lambda project: project.migration("change", *steps, **keys)


def mend(project):
    project.db.things.update_many({"n": "bad"}, [{"$set": {"n": "$k"}}])


class Retry(Scenario):
    docs = [{"_id": k, "k": k, "n": k if k % 5 else "bad"} for k in range(DOCS)]
    command = ("errors", "--retry")
    resume = ("errors", "--retry", "--wait", "60s")
    before = (("up",),)

    def prepare(self, project, anew=True):
        super().prepare(project, anew)
        mend(project)


class SideBySide(Scenario):
    command = ("up", "--parallel")
    resume = ("up", "--parallel", "--wait", "60s")

    def prepare(self, project, anew=True):
        super().prepare(project, anew)
        project.db.others.insert_many(self.docs)


def side_by_side(project):
    for collection in ("things", "others"):
        project.migration(collection, {"update": collection, "with": TWICE})


# The document that it adds lies below all ranges: a further pass finds it.
ADDING = """
  if (doc.k === 20) {
    const added = { k: -5, n: -5 };
    await ctx.db.collection('things').updateOne({ _id: -5 }, { $setOnInsert: added }, { upsert: true });
  }
  return { $set: { n: doc.n * 2 + 1, seen: true } };
"""
SCRIPT = """module.exports = {
  async up(db) { await db.collection('things').updateMany({}, [{ $set: { n: { $add: ['$k', 1] } } }]); },
  async down(db) { await db.collection('things').updateMany({}, [{ $set: { n: '$k' } }]); },
};
"""
# Not to be repeated, and nobody is asked whether it was.
TRANSACTION = """module.exports = {
  transaction: true,
  async up(db) {
    await db.collection('things').updateMany({}, { $inc: { n: 1 } });
    await db.collection('others').insertOne({ _id: 1 });
  },
  async down(db) {
    await db.collection('others').deleteOne({ _id: 1 });
    await db.collection('things').updateMany({}, { $inc: { n: -1 } });
  },
};
"""
REDO = ("--interrupted-command", "redo", "--wait", "60s")

SCENARIOS = [
    Scenario("update", yaml({"update": "things", "with": TWICE}), thorough=True, everywhere=True),
    Scenario("operators", yaml({"update": "things", "with": {"$mul": {"n": 2}, "$set": {"m": 1}}})),
    Scenario("delete", yaml({"delete": "things", "where": {"k": {"$mod": [2, 0]}}})),
    Scenario("copy", yaml({"copy": "things", "to": "others", "with": TWICE})),
    Scenario("steps", yaml({"update": "things", "with": TWICE},
                           {"createIndexes": "things", "indexes": [{"key": {"n": 1}}]},
                           {"insert": "things", "documents": [{"_id": "new", "k": 0, "n": 1}]},
                           {"renameCollection": "things", "to": "others"}), rides_out=False),
    Scenario("transform", lambda project: script(project, transforms("return { $set: { n: doc.n * 2 + 1 } };")),
             thorough=True),
    Scenario("script", lambda project: project.migration("20240101000000-plain.js", text=SCRIPT),
             resume=("up", *REDO), rides_out=False),
    Scenario("down", yaml({"update": "things", "with": TWICE}), before=(("up",),), command=("down",),
             resume=("down", "--wait", "60s")),
    Scenario("quarantine", yaml({"update": "things", "with": TWICE}), ends_with=3,
             docs=[{"_id": k, "k": k, "n": "bad" if k in (11, 29) else k} for k in range(DOCS)]),
    Scenario("without_journal", yaml({"update": "things", "with": [*TWICE, {"$set": {"seen": True}}],
                                      "where": {"seen": {"$exists": False}}, "journal": "off",
                                      "irreversible": True}), counts_exactly=False),
    Scenario("further_pass", lambda project: script(
        project, "async " + transforms(ADDING), where="{ seen: { $exists: false } }")),
    SideBySide("side_by_side", side_by_side),
    Retry("retry", yaml({"update": "things", "with": TWICE}), thorough=True),
]


def one_transaction(project):
    project.migration("20240101000000-whole.js", text=TRANSACTION)


TRANSACTIONS = [
    Scenario("transaction", yaml({"update": "things", "with": TWICE},
                                 {"insert": "things", "documents": [{"_id": "new", "k": 0, "n": 1}]},
                                 transaction=True), rides_out=False),
    Scenario("script_transaction", one_transaction, thorough=True, rides_out=False),
    Scenario("down_of_a_script_transaction", one_transaction, rides_out=False, before=(("up",),),
             command=("down",), resume=("down", "--wait", "60s")),
]


def passages(trace, action, scenario, rng, visited):
    """(point, number of the passage): in the long run the first, the last and a random one of each point;
    else a random one, and the last where an answer is lost. What other scenarios have `visited` with this action
    is then visited again in few cases, but by the scenario that goes `everywhere`."""
    counts = collections.Counter(trace)
    for point, count in sorted(counts.items()):
        again = LONG or scenario.everywhere or rng.random() < VISITED_AGAIN
        if (action, point) in visited and not again:
            continue
        chosen = {rng.randint(1, count)}
        if LONG:
            chosen |= {1, count}
        elif action == "error":
            chosen = {count}
        for number in sorted(chosen):
            yield point, number


class FaultTest(ScriptTest):
    """Subclassed once a topology."""

    topology = None
    visited = set()  # (action, point) of the scenarios that ran in this process

    def settle(self, project, scenario):
        """What must not depend on faults."""
        db = project.db
        names = sorted(name for name in db.list_collection_names()
                       if not name.startswith(("whimbrel_", "system.")) and name not in ("changelog",))
        state = {name: project.raw(name) for name in names if name != "changelog_lock"}
        state["changelog"] = [{key: entry.get(key) for key in ("fileName", "documentsProcessed", "errors")}
                              for entry in db.changelog.find(sort=[("fileName", 1)])]
        state["locks"] = db.changelog_lock.count_documents({})
        rows = project.ok("status", "-o", "json").json()["migrations"]
        for row in rows:
            if not scenario.counts_exactly:
                self.assertGreaterEqual(row["documents"]["modified"], DOCS - BATCH)
                row["documents"]["modified"] = "all but a batch"
        state["status"] = [(row["file"], row["state"], *(row["documents"] or {}).values()) for row in rows]
        state["quarantine"] = db.whimbrel_errors.count_documents({})
        state["indexes"] = {name: sorted(db[name].index_information()) for name in names}
        return state

    def undisturbed(self, project, scenario):
        """The points it passes and the state it leaves."""
        trace = project.root / "trace"
        trace.unlink(missing_ok=True)
        scenario.prepare(project)
        result = project.run(*scenario.command, env={"WHIMBREL_FAULT_TRACE": str(trace)})
        self.assertEqual(scenario.ends_with, result.rc, str(result))
        return trace.read_text().splitlines(), self.settle(project, scenario)

    def finish(self, project, scenario, message):
        for _ in range(RESUMPTIONS):
            result = project.run(*scenario.resume)
            if result.rc == scenario.ends_with:
                return
            self.assertNotIn(result.rc, (65, 70, 78), f"{message}\n{result}")
        self.fail(f"{message}: not done after {RESUMPTIONS} resumptions\n{result}")

    def disturbed(self, project, scenario, action, point, number, expected):
        fault = f"{action} {point}#{number}"
        message = f"{scenario.name}, {self.topology}: {fault}"
        trace = project.root / "trace"
        trace.unlink(missing_ok=True)
        scenario.prepare(project, anew=LONG or self.random.random() < NEW_DATABASES)
        result = project.run(*scenario.command, env={"WHIMBREL_FAULT": fault, "WHIMBREL_FAULT_TRACE": str(trace)})
        # The heartbeat and the order of lanes depend on time: a point may not be passed so often.
        met = "met" in trace.read_text().splitlines()
        if action == "kill":
            self.assertEqual(-9 if met else scenario.ends_with, result.rc, f"{message}\n{result}")
        self.assertNotEqual(70, result.rc, f"{message}\n{result}")
        if action == "error" and scenario.rides_out and not point.startswith(NOT_RIDDEN_OUT):
            self.assertEqual(scenario.ends_with, result.rc, f"{message}\n{result}")
        if result.rc != scenario.ends_with:
            self.finish(project, scenario, message)
        self.assertEqual(json.dumps(expected, default=str, indent=0),
                         json.dumps(self.settle(project, scenario), default=str, indent=0), message)
        return "not met" if not met else "passed" if result.rc == scenario.ends_with else "resumed"

    def run_scenario(self, scenario, actions):
        project = self.project(self.topology)
        project.config(engine={"workers": 1, "batch": {"docs": BATCH}, "maxErrors": 10})
        scenario.write(project)
        trace, expected = self.undisturbed(project, scenario)
        outcomes = collections.Counter()
        for action in actions:
            for point, number in passages(trace, action, scenario, self.random, self.visited):
                end = self.disturbed(project, scenario, action, point, number, expected)
                outcomes[action, end] += 1
            self.visited.update((action, point) for point in trace)
        missed = sum(count for (_, end), count in outcomes.items() if end == "not met")
        self.assertLess(missed, 0.4 * sum(outcomes.values()), f"faults that never happened: {outcomes}")
        points = len(set(trace))
        self.assertGreater(points, 20, "points")
        self.record(points, outcomes)
        print(f"{scenario.name} on {self.topology}: {points} points, "
              + ", ".join(f"{action} {end} {count}" for (action, end), count in sorted(outcomes.items())))

    def record(self, points, outcomes):
        sums = collections.Counter()
        for (action, end), count in outcomes.items():
            if end == "not met":
                continue
            sums[{"kill": "kills", "error": "lost answers", "stall": "stalls"}[action]] += count
            sums[end] += count
        record("a fault at each point", self.topology, points=points, **sums, lost=0, doubled=0)


def add_tests(cls):
    """One test for each scenario: kills, of thorough ones lost answers, in the long run stalls, too."""
    for scenario in [*SCENARIOS, *(TRANSACTIONS if cls.topology == "replicaset" else [])]:
        def test(self, scenario=scenario):
            short = ("kill", "error") if scenario.thorough else ("kill",)
            self.run_scenario(scenario, ("kill", "error", "stall") if LONG else short)
        setattr(cls, f"test_{scenario.name}_survives_a_fault_at_every_point", test)
    return cls
