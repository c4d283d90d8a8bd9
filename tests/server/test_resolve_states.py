"""resolve: what counts as applied or as pending because somebody says so, and how every other command goes by it."""
import signal

from support.resolve import DOCS, TWICE, ResolveTest
from support.testcase import on_either, wait_until

TEXT = "20240101000000-script.js"


class StateTest(ResolveTest):
    # --applied

    @on_either
    def test_a_pending_migration_counts_as_applied_without_being_run(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        before, earliest = project.raw(), project.db.command("hello")["localTime"]
        project.ok("resolve", name, "--applied")
        self.assertSameBytes(before, project.raw())
        self.assertEqual("applied", project.state(name))
        entry = project.db.changelog.find_one()
        self.assertEqual(["_id", "fileName", "appliedAt", "migrationBlock"], list(entry)[:4])
        self.assertGreaterEqual(entry["appliedAt"], earliest)
        self.assertIsInstance(entry["migrationBlock"], float)
        project.ok("up")
        self.assertSameBytes(before, project.raw())

    @on_either
    def test_without_a_run_down_needs_steps_of_the_file(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        project.ok("resolve", name, "--applied")
        self.assertSaid("no record of the run", project.exits(1, "down"))
        self.assertEqual("applied", project.state(name))
        own = project.migration("own", TWICE, down=[{"insert": "undone", "documents": [{"_id": 1}]}])
        project.ok("resolve", own, "--applied")
        project.ok("down")
        self.assertEqual(("pending", 1), (project.state(own), project.db.undone.count_documents({})))

    @on_either
    def test_an_applied_migration_is_applied_already(self, project):
        name = self.applied(project)
        self.change(project, name)
        before = self.kept(project)
        self.assertSaid("applied already", project.ok("resolve", name, "--applied"), "out")
        self.assertEqual(before, self.kept(project))

    @on_either
    def test_an_interrupted_run_is_closed_and_down_restores_what_it_did(self, project):
        name = self.interrupted(project, TWICE, {"insert": "later", "documents": [{"_id": 1}]})
        done = project.db.things.count_documents({"done": True})
        result = project.ok("resolve", name, "--applied")
        self.assertSaid("down` restores", result, "out")
        self.assertEqual("applied", project.state(name))
        self.assertEqual(done, project.db.changelog.find_one()["documentsProcessed"])
        self.assertSaid("nothing to do", project.ok("up"))
        self.assertEqual(done, project.db.things.count_documents({"done": True}))
        project.ok("down")
        self.assertUntouched(project)
        self.assertEqual("pending", project.state(name))

    @on_either
    def test_what_a_failed_run_left_in_quarantine_can_be_retried(self, project):
        self.fill(project, bad={7}, maxErrors=1)
        name = project.migration("twice", {**TWICE, "check": [{"none": {"n": 3}}]})
        project.exits(1, "up")
        self.assertSaid("stay in quarantine", project.ok("resolve", name, "--applied"), "out")
        project.db.things.update_one({"_id": 7}, {"$set": {"n": 7}})
        project.ok("errors", "--retry")
        self.assertTwice(project, 200)
        project.ok("down")
        self.assertUntouched(project)

    @on_either
    def test_an_interrupted_down_cannot_count_as_applied(self, project):
        name = self.interrupted_down(project)
        before = self.kept(project)
        result = project.exits(1, "resolve", name, "--applied")
        for word in ("whimbrel down", f"whimbrel resolve {name} --pending"):
            self.assertSaid(word, result)
        self.assertEqual(before, self.kept(project))
        project.ok("down")
        self.assertUntouched(project)

    @on_either
    def test_the_changed_file_of_an_open_run_must_be_accepted_first(self, project):
        name = self.interrupted(project)
        self.change(project, name)
        self.assertSaid("--accept-change", project.exits(65, "resolve", name, "--applied"))
        project.ok("resolve", name, "--accept-change")
        project.ok("resolve", name, "--applied")
        self.assertEqual("applied", project.state(name))

    @on_either
    def test_a_failed_script_that_was_finished_by_hand_counts_as_applied(self, project):
        text = ("module.exports = { async up(db) { throw new Error('not like this'); },\n"
                "  async down(db) { await db.collection('undone').insertOne({ _id: 1 }); } };\n")
        project.migration(TEXT, text=text)
        project.exits(1, "up")
        project.migration(TEXT, text=text + "// mended\n")
        project.ok("resolve", TEXT, "--applied")
        self.assertEqual("applied", project.state(TEXT))
        project.ok("up")
        project.ok("down")
        self.assertEqual((1, "pending"), (project.db.undone.count_documents({}), project.state(TEXT)))

    @on_either
    def test_a_run_that_an_earlier_call_left_open_is_closed_by_the_next(self, project):
        name = self.interrupted(project)
        run = project.db.whimbrel_runs.find_one({"migration": name})
        project.db.changelog.insert_one({"_id": run["_id"], "fileName": name, "whimbrel": {"run": str(run["_id"])}})
        project.ok("resolve", name, "--applied")
        self.assertEqual("done", project.db.whimbrel_runs.find_one({"migration": name})["state"])
        self.assertEqual(1, project.db.changelog.count_documents({}))

    # --pending

    @on_either
    def test_an_applied_migration_counts_as_pending_and_its_documents_stay(self, project):
        name = self.applied(project)
        before = project.raw()
        self.assertSaid("documents stay", project.ok("resolve", name, "--pending"), "out")
        self.assertSameBytes(before, project.raw())
        self.assertEqual("pending", project.state(name))
        self.assertEqual(0, project.db.changelog.count_documents({}))
        row = project.ok("status", "-o", "json").json()["migrations"][0]
        self.assertEqual((0, 0), (row["documents"]["done"], row["journalBytes"]))
        self.assertSaid("nothing to undo", project.ok("down"))
        project.ok("up")
        self.assertEqual(0, project.db.things.count_documents({"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 4]}, 3]}]}}))
        project.ok("down")
        self.assertSameBytes(before, project.raw())
        self.assertSaid("nothing to undo", project.ok("down"))

    @on_either
    def test_an_interrupted_run_is_given_up_and_up_starts_afresh(self, project):
        once = {**TWICE, "where": {"done": {"$ne": True}}}
        name = self.interrupted(project, once)
        project.ok("resolve", name, "--pending")
        self.assertEqual("pending", project.state(name))
        self.assertSaid("nothing to undo", project.ok("down"))
        self.change(project, name, once)
        project.ok("up")
        self.assertTwice(project, DOCS)
        self.assertEqual(["undone", "done"], [run["state"] for run in
                                              project.db.whimbrel_runs.find({"migration": name}).sort("startedAt")])

    @on_either
    def test_down_goes_on_with_what_was_applied_before(self, project):
        self.fill(project)
        first = project.migration("first", {"insert": "others", "documents": [{"_id": 1}]})
        second = project.migration("second", TWICE)
        project.ok("up")
        project.ok("resolve", second, "--pending")
        result = project.ok("down")
        self.assertSaid(f"MIGRATED DOWN: {first}", result, "out")
        self.assertTwice(project, 200)

    @on_either
    def test_the_quarantine_of_a_run_goes_with_it(self, project):
        self.fill(project, bad={7, 70}, maxErrors=2)
        name = project.migration("twice", {**TWICE, "where": {"done": {"$ne": True}}})
        project.exits(3, "up")
        self.assertSaid("2 documents leave quarantine", project.ok("resolve", name, "--pending"), "out")
        self.assertSaid("no documents", project.ok("errors"), "out")
        project.ok("errors", "--retry")
        project.exits(3, "up")
        self.assertEqual(2, project.db.whimbrel_errors.count_documents({}))

    @on_either
    def test_a_down_that_was_finished_by_hand_counts_as_pending(self, project):
        name = self.interrupted_down(project)
        project.ok("resolve", name, "--pending")
        self.assertEqual("pending", project.state(name))
        self.assertSaid("nothing to undo", project.ok("down"))

    @on_either
    def test_an_interrupted_script_starts_afresh_without_a_question(self, project):
        project.migration(TEXT, text=(
            "module.exports = { async up(db) { await db.collection('begun').insertOne({});\n"
            "  while (await db.collection('begun').countDocuments() < 2) await new Promise(r => setTimeout(r, 20)); } };\n"))
        running = project.start("up")
        wait_until(lambda: project.db.begun.count_documents({}) == 1 or not running.alive, "the script")
        running.kill()
        project.exits(1, "up", "--wait", "60s")
        project.ok("resolve", TEXT, "--pending")
        project.ok("up")
        self.assertEqual((2, "applied"), (project.db.begun.count_documents({}), project.state(TEXT)))

    @on_either
    def test_a_pending_migration_is_pending_already(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        before = self.kept(project)
        self.assertSaid("pending already", project.ok("resolve", name, "--pending"), "out")
        self.assertEqual(before, self.kept(project))

    @on_either
    def test_a_run_that_lost_its_entry_is_given_up_too(self, project):
        name = self.applied(project)
        project.db.changelog.delete_many({})
        project.ok("resolve", name, "--pending")
        self.assertEqual("undone", project.db.whimbrel_runs.find_one({"migration": name})["state"])
        self.assertSaid("pending already", project.ok("resolve", name, "--pending"), "out")

    @on_either
    def test_a_run_that_lost_its_entry_is_the_one_that_is_applied_again(self, project):
        name = self.applied(project)
        project.db.changelog.delete_many({})
        project.ok("resolve", name, "--applied")
        project.ok("down")
        self.assertUntouched(project)

    @on_either
    def test_other_steps_can_be_taken_over_by_way_of_pending(self, project):
        name = self.applied(project)
        self.change(project, name, {"update": "others", "with": [{"$set": {"a": 1}}]})
        project.ok("resolve", name, "--pending")
        project.ok("resolve", name, "--applied")
        self.assertEqual("applied", project.state(name))
        self.assertSaid("no record of the run", project.exits(1, "down"))

    @on_either
    def test_a_runner_that_lost_its_lock_goes_no_further_with_a_closed_run(self, project):
        standalone = "setName" not in project.db.command("hello")
        for flag in ("--applied", "--pending"):
            project.empty()
            self.fill(project, DOCS, docs=10)
            name = project.migration("20240101000001-twice.yaml", TWICE)
            running = project.start("up")
            wait_until(lambda: project.db.things.find_one({"done": True}) or not running.alive, "a change")
            running.signal(signal.SIGSTOP)
            project.ok("unlock", "--force")
            project.ok("resolve", name, flag)
            before = project.db.things.count_documents({"done": True})
            running.signal(signal.SIGCONT)
            ended = running.wait(60)
            self.assertEqual(75, ended.rc, str(ended))
            more = project.db.things.count_documents({"done": True}) - before
            # Without transactions, the rest of the batch that each of its two lanes was in.
            self.assertLessEqual(more, 2 * 10 if standalone else 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
