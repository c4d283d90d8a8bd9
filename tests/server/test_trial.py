"""`test` and `rehearse`: migrations are tried on copies, by the real engine, and leave nothing behind."""
import signal

from support.scripts import ScriptTest, script, transforms
from support.testcase import ServerTest, on, on_either, wait_until

TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": [2, "$n"]}, 1]}}}]}
TO_INT = {"update": "things", "where": {"age": {"$type": "string"}}, "with": [{"$set": {"age": {"$toInt": "$age"}}}]}


def trials(result):
    """By migration, as -o json says."""
    return {trial["migration"]: trial for trial in result.events()}


def scratches(project):
    """The scratch databases of the server, with the pid that made them."""
    databases = (name for name in project.db.client.list_database_names() if name.startswith("whimbrel_scratch_"))
    locks = {name: project.db.client[name].changelog_lock.find_one() for name in databases}
    return {name: (lock or {}).get("pid") for name, lock in locks.items()}


def collections_of(project):
    """But for the evidence, which is what a trial leaves."""
    return sorted(set(project.db.list_collection_names()) - {"whimbrel_evidence"})


class WatchTest(ServerTest):
    @on_either
    def test_with_watch_it_is_tried_again_on_each_save_until_it_is_stopped(self, project):
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(20)])
        file = project.migration("change", {"update": "things", "with": {"$set": {"m": 1}}})
        path = project.migrations / file
        running = project.start("test", "--watch")
        wait_until(lambda: running.result().err.count("Waiting for a change") == 1, "attempt 1")
        self.assertIn("+ m: 1 int", running.result().out)
        path.write_text("steps: [")
        wait_until(lambda: running.result().err.count("Waiting for a change") == 2, "attempt 2")
        self.assertIn(f"{file}:1", running.result().err)
        path.write_text('{"steps": [{"update": "things", "with": {"$set": {"m": "two"}}}]}')
        wait_until(lambda: running.result().err.count("Waiting for a change") == 3, "attempt 3")
        self.assertIn('+ m: "two" string', running.result().out)
        running.signal(signal.SIGINT)
        self.assertEqual(130, running.wait().rc)
        self.assertNotIn(running.process.pid, scratches(project).values())
        self.assertEqual(0, project.db.changelog.count_documents({}))


class Trials(ServerTest):
    def tried(self, project, rc, *args):
        """Runs `test` or `rehearse`: whatever it says, it leaves nothing and touches nothing."""
        collections, documents = collections_of(project), project.raw()
        running = project.start(*args, "-o", "json")
        result = running.wait()
        self.assertEqual(rc, result.rc, str(result))
        self.assertNotIn(running.process.pid, scratches(project).values())
        self.assertEqual(collections, collections_of(project))
        self.assertSameBytes(documents, project.raw())
        return trials(result)

    def one(self, project, rc, *args):
        return next(iter(self.tried(project, rc, *args).values()))

    def fill(self, project, count=500, bad=()):
        project.db.things.insert_many([{"_id": k, "n": "text" if k in bad else k} for k in range(count)])


class TrialTest(Trials):
    @on_either
    def test_ten_documents_are_tried_and_shown(self, project):
        self.fill(project)
        project.migration("twice", TWICE)
        trial = self.one(project, 0, "test")
        self.assertEqual((10, 10, 0), (trial["sample"], trial["succeeded"], trial["failed"]))
        self.assertEqual(10, len(trial["samples"]))
        for sample in trial["samples"]:
            before, after = int(sample["before"]["n"]["$numberInt"]), int(sample["after"]["n"]["$numberInt"])
            self.assertEqual(2 * before + 1, after)

    @on_either
    def test_a_migration_that_is_not_idempotent_is_told_from_one_that_is(self, project):
        self.fill(project)
        project.db.things.update_many({}, {"$set": {"age": "7"}})
        first, second = project.migration("twice", TWICE), project.migration("to-int", TO_INT)
        tried = self.tried(project, 0, "test")
        self.assertEqual((False, True), (tried[first]["idempotent"], tried[first]["roundTrip"]))
        self.assertEqual((True, True), (tried[second]["idempotent"], tried[second]["roundTrip"]))

    @on_either
    def test_a_down_that_does_not_bring_everything_back_is_found(self, project):
        self.fill(project)
        project.migration("lossy", {"update": "things", "where": {"n": {"$gte": 0}}, "with": {"$set": {"n": -1}},
                                    "journal": "off"}, down=[{"update": "things", "with": {"$set": {"n": 1}}}])
        trial = self.one(project, 1, "test")
        self.assertEqual(False, trial["roundTrip"])
        self.assertIn("things: documents differ", trial["roundTripWhy"])

    @on_either
    def test_what_cannot_be_undone_is_not_called_a_failure(self, project):
        self.fill(project)
        project.migration("drop", {"dropCollection": "things", "irreversible": True})
        self.assertIsNone(self.one(project, 0, "test")["roundTrip"])

    @on("standalone")
    def test_documents_are_chosen_to_differ(self, project):
        common = [{"_id": k, "n": k, "name": "somebody"} for k in range(900)]
        rare = [{"_id": 1000, "n": -5}, {"_id": 1001, "n": 2 ** 40}, {"_id": 1002, "n": None},
                {"_id": 1003, "n": 1.5, "tags": ["a", 3]}, {"_id": 1004, "n": 3, "name": ""},
                {"_id": 1005, "n": 3, "deep": {"er": {"still": "ü"}}}]
        project.db.things.insert_many(common + rare)
        project.migration("mark", {"update": "things", "with": {"$set": {"done": True}}})
        shown = {int(sample["_id"]["$numberInt"]) for sample in self.one(project, 0, "test")["samples"]}
        self.assertLessEqual({document["_id"] for document in rare}, shown)

    @on("standalone")
    def test_documents_that_the_migration_wants_are_found_among_others(self, project):
        self.fill(project, 30000)
        project.db.things.update_many({"_id": {"$gte": 29990}}, {"$set": {"age": "7"}})
        project.migration("to-int", TO_INT)
        trial = self.one(project, 0, "test", "--docs", 7)
        self.assertEqual((7, 7), (trial["sample"], trial["modified"]))

    @on_either
    def test_documents_that_fail_are_named_with_the_reason(self, project):
        bad = set(range(0, 500, 100))
        self.fill(project, bad=bad)
        name = project.migration("twice", TWICE)
        trial = self.one(project, 1, "rehearse")
        self.assertEqual((500, 495, 5), (trial["sample"], trial["succeeded"], trial["failed"]))
        self.assertEqual(bad, {int(failure["_id"]["$numberInt"]) for failure in trial["failures"]})
        said = project.exits(1, "rehearse", name).out
        self.assertIn("     5  ", said)
        project.config(engine={"maxErrors": "2%"})
        self.assertEqual(5, self.one(project, 3, "rehearse")["failed"])

    @on_either
    def test_the_collections_validator_and_indexes_are_those_of_the_copy(self, project):
        project.db.create_collection("things", validator={"m": {"$not": {"$gte": 500}}})
        project.db.things.create_index("n", unique=True)
        self.fill(project, 300)
        project.migration("double", {"update": "things", "with": [{"$set": {"m": {"$multiply": [2, "$n"]}}}]})
        trial = self.one(project, 1, "rehearse")
        self.assertEqual((50, 250), (trial["failed"], trial["modified"]))
        project.migration("same", {"update": "things", "with": {"$set": {"n": 7}}})
        self.assertIn("duplicate key", project.exits(1, "test", "same").out)

    @on_either
    def test_a_named_migration_is_tried_on_what_those_before_it_make(self, project):
        self.fill(project)
        project.migration("twice", TWICE)
        second = project.migration("again", TWICE)
        tried = self.tried(project, 0, "test", "again")
        self.assertEqual([second], list(tried))
        for sample in tried[second]["samples"]:
            self.assertEqual(2 * int(sample["_id"]["$numberInt"]) + 1, int(sample["before"]["n"]["$numberInt"]))

    @on_either
    def test_checks_are_evaluated_but_those_that_count_everything(self, project):
        self.fill(project)
        project.migration("twice", {**TWICE, "check": [{"count": {}, "equals": 500}]})
        trial = self.one(project, 0, "test")
        self.assertTrue(any("counts the whole collection" in note for note in trial["notes"]), trial["notes"])
        self.one(project, 0, "rehearse", "--full")
        project.migration("check", {**TWICE, "check": [{"none": {"n": {"$gt": 3}}}]})
        self.assertIn("check", self.one(project, 1, "test", "check")["error"])

    @on_either
    def test_a_rehearsal_estimates_the_whole_collection(self, project):
        self.fill(project, 5000)
        project.migration("twice", TWICE)
        trial = self.one(project, 0, "rehearse")
        self.assertEqual((1000, 5000), (trial["sample"], trial["estimate"]["documents"]))
        self.assertEqual(10_000_000, trial["estimate10M"]["documents"])
        for estimate in (trial["estimate"], trial["estimate10M"]):
            self.assertLess(estimate["p10"], estimate["p50"])
            self.assertLess(estimate["p50"], estimate["p90"])
        self.assertGreater(trial["docsPerSecond"], 0)
        self.assertGreater(trial["logBytes"], 0)

    @on_either
    def test_a_whole_copy_tries_every_document(self, project):
        self.fill(project, 3000, bad={2999})
        project.migration("twice", TWICE)
        trial = self.one(project, 1, "rehearse", "--full")
        self.assertEqual((3000, 1), (trial["sample"], trial["failed"]))

    @on_either
    def test_the_next_run_drops_what_a_killed_one_left(self, project):
        self.fill(project, 20000)
        project.migration("twice", TWICE)
        running = project.start("rehearse", "--full", "--batch-docs", 1)
        wait_until(lambda: running.process.pid in scratches(project).values(), "the scratch database", 30)
        running.kill()
        project.ok("test")
        self.assertNotIn(running.process.pid, scratches(project).values())

    @on_either
    def test_a_living_ones_scratch_database_stays(self, project):
        self.fill(project, 20000)
        project.migration("twice", TWICE)
        running = project.start("rehearse", "--full", "--batch-docs", 1)
        wait_until(lambda: running.process.pid in scratches(project).values(), "the scratch database", 30)
        project.ok("test")
        self.assertIn(running.process.pid, scratches(project).values())
        running.signal(signal.SIGINT)
        self.assertEqual(130, running.wait().rc)
        self.assertNotIn(running.process.pid, scratches(project).values())

    @on("standalone")
    def test_commands_that_reach_beyond_the_scratch_database_are_left_out(self, project):
        self.fill(project)
        project.migration("out", {"command": {"aggregate": "things", "cursor": {}, "pipeline": [
            {"$out": {"db": project.db.name, "coll": "copied"}}]}, "irreversible": True})
        trial = self.one(project, 0, "test")
        self.assertTrue(any("left out" in note for note in trial["notes"]), trial["notes"])

    @on("standalone")
    def test_with_nothing_pending_it_says_so(self, project):
        self.assertSaid("every migration is applied", project.ok("test"))

    @on("standalone")
    def test_a_name_that_does_not_exist_is_refused(self, project):
        project.migration("twice", TWICE)
        self.assertSaid("did you mean", project.exits(66, "test", "twise"))


class ScriptTrialTest(Trials, ScriptTest):
    @on_either
    def test_a_transform_is_tried(self, project):
        self.fill(project, bad={17})
        script(project, transforms("if (typeof doc.n !== 'number') throw new Error(`no number: ${doc.n}`); "
                                   "return { $set: { n: doc.n * 2 + 1 } };"))
        trial = self.one(project, 1, "rehearse")
        self.assertEqual((500, 1, True), (trial["sample"], trial["failed"], trial["roundTrip"]))
        self.assertIn("no number: text", trial["failures"][0]["message"])

    @on_either
    def test_a_script_works_on_the_copies_and_the_collections_it_touched_are_named(self, project):
        self.fill(project)
        project.db.others.insert_one({"_id": 1})
        project.migration("20240101000001-script.js", text=f"""module.exports = {{
          async up(db, client) {{
            await db.collection('things').updateMany({{}}, {{ $inc: {{ n: 1 }} }});
            await client.db('{project.db.name}').collection('made').insertOne({{ _id: 1 }});
          }},
          async down(db) {{
            await db.collection('things').updateMany({{}}, {{ $inc: {{ n: -1 }} }});
            await db.collection('made').drop();
          }},
        }};""")
        trial = self.one(project, 0, "test")
        self.assertEqual((11, False, True), (trial["sample"], trial["idempotent"], trial["roundTrip"]))
        self.assertIn("its code asked things: update", trial["notes"])
        self.assertIn("its code asked made: insert, drop", " ".join(trial["notes"]) + ", drop")
        self.assertIsNone(trial["estimate"])

    @on_either
    def test_a_script_is_kept_from_other_databases(self, project):
        self.fill(project)
        project.migration("20240101000001-script.js", text="""module.exports = {
          async up(db, client) { await client.db('another').collection('x').insertOne({}); },
          async down() {},
        };""")
        trial = self.one(project, 1, "test")
        self.assertIn("another", trial["error"])
        self.assertNotIn("another", project.db.client.list_database_names())
