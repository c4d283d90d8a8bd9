"""resolve: a person says what is true of a migration, and every other command goes by it."""
import datetime
import hashlib
import signal

from support.scripts import ScriptTest, script, transforms
from support.testcase import on, on_both, wait_until

DOCS = 20000
TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}
TEXT = "20240101000000-script.js"


class ResolveTest(ScriptTest):
    def fill(self, project, count=200, docs=50, bad=(), **engine):
        project.config(engine={"workers": 2, "batch": {"docs": docs}, **engine})
        project.db.things.insert_many([{"_id": k, "n": f"text {k}" if k in bad else k} for k in range(count)])

    def applied(self, project, *steps, **keys):
        self.fill(project)
        name = project.migration("twice", *(steps or (TWICE,)), **keys)
        project.ok("up")
        return name

    def stopped(self, project, running, reached):
        wait_until(lambda: reached() or not running.alive, "a change")
        running.signal(signal.SIGTERM)
        self.assertEqual(143, running.wait(30).rc)

    def interrupted(self, project, *steps):
        """An `up` that was stopped in the middle; returns the file's name."""
        self.fill(project, DOCS, docs=20)
        name = project.migration("twice", *(steps or (TWICE,)))
        self.stopped(project, project.start("up"), lambda: project.db.things.find_one({"done": True}))
        self.assertEqual("interrupted", project.state(name))
        return name

    def interrupted_down(self, project):
        self.fill(project, DOCS, docs=20)
        name = project.migration("twice", TWICE)
        project.ok("up")
        self.stopped(project, project.start("down"), lambda: project.db.things.find_one({"done": None}))
        self.assertEqual("interrupted", project.state(name))
        return name

    def change(self, project, name, *steps, **keys):
        project.migration(name, *(steps or (TWICE,)), description="changed on purpose", **keys)
        return hashlib.sha256((project.migrations / name).read_bytes()).hexdigest()

    def kept(self, project):
        """Everything that whimbrel keeps, as it is, and the documents."""
        names = sorted(set(project.db.list_collection_names()) - {"changelog_lock"})
        return {name: project.raw(name) for name in names}

    def assertTwice(self, project, count):
        wrong = [d for d in project.db.things.find({"$expr": {"$ne": ["$n", {"$add": [{"$multiply": ["$_id", 2]}, 1]}]}})]
        self.assertEqual(([], count), (wrong[:3], project.db.things.count_documents({})))

    def assertUntouched(self, project):
        self.assertEqual(0, project.db.things.count_documents({"$expr": {"$ne": ["$n", "$_id"]}}))

    # The command line

    @on("standalone")
    def test_it_takes_one_name_and_one_of_its_flags(self, project):
        name = self.applied(project)
        before = self.kept(project)
        for words in ((name,), (name, "--applied", "--pending"), (name, "--pending", "--accept-change"),
                      ("--applied",), (name, name, "--applied")):
            self.assertSaid("whimbrel help resolve", project.exits(64, "resolve", *words))
        self.assertEqual(before, self.kept(project))

    @on("standalone")
    def test_a_name_that_is_no_migration_is_66_with_a_suggestion(self, project):
        name = self.applied(project)
        self.assertSaid("did you mean", project.exits(66, "resolve", name.replace("twice", "twyce"), "--pending"))

    @on_both
    def test_a_held_lock_keeps_it_out(self, project):
        name = self.applied(project)
        project.db.changelog_lock.insert_one({"createdAt": datetime.datetime.now(datetime.timezone.utc)})
        before = self.kept(project)
        self.assertSaid("lock", project.exits(75, "resolve", name, "--pending"))
        self.assertEqual(before, self.kept(project))

    @on("standalone")
    def test_a_protected_environment_wants_the_name_of_its_database(self, project):
        project.config(environments={"production": {"protected": True}})
        name = project.migration("twice", TWICE)
        self.assertSaid("--confirm", project.exits(64, "-e", "production", "resolve", name, "--applied"))
        self.assertEqual("pending", project.state(name))
        project.ok("-e", "production", "resolve", name, "--applied", "--confirm", project.db.name)
        self.assertEqual("applied", project.state(name))

    @on_both
    def test_it_is_recorded_in_the_audit_with_what_was_said(self, project):
        name = project.migration("twice", TWICE)
        for flag in ("--applied", "--pending"):
            project.ok("resolve", name, flag)
        records = list(project.db.whimbrel_audit.find().sort([("at", 1), ("_id", 1)]))
        self.assertEqual([("resolve", name, {"as": "applied"}), ("resolve", name, {"as": "pending"})],
                         [(r["action"], r["migration"], r["options"]) for r in records])
        self.assertSaid("as pending", project.ok("history"), "out")

    @on_both
    def test_what_cannot_be_recorded_is_not_done(self, project):
        name = self.applied(project)
        project.db.command({"collMod": "whimbrel_audit", "validator": {"never": True}})
        before = project.raw("changelog")
        project.exits(1, "resolve", name, "--pending")
        self.assertSameBytes(before, project.raw("changelog"))
        self.assertEqual("applied", project.state(name))

    @on("standalone")
    def test_for_programs_it_says_what_became_of_it(self, project):
        name = project.migration("twice", TWICE)
        said = project.ok("resolve", "twice", "--applied", "-o", "json").json()
        self.assertEqual(("resolve", name, "applied", True), (said["type"], said["migration"], said["as"], said["changed"]))
        said = project.ok("resolve", "twice", "--applied", "-o", "json").json()
        self.assertFalse(said["changed"])

    # --accept-change

    @on_both
    def test_an_interrupted_run_goes_on_with_its_changed_file(self, project):
        name = self.interrupted(project)
        self.change(project, name)
        self.assertSaid(f"whimbrel resolve {name} --accept-change", project.exits(65, "up"))
        self.assertSaid("goes on", project.ok("resolve", name, "--accept-change"), "out")
        project.ok("up")
        self.assertTwice(project, DOCS)
        self.assertEqual("applied", project.state(name))

    @on_both
    def test_an_applied_migration_takes_its_changed_file(self, project):
        project.config(useFileHash=True)
        name = project.migration("twice", TWICE)
        self.fill(project)
        project.config(useFileHash=True)
        before = project.raw()
        project.ok("up")
        digest = self.change(project, name)
        self.assertEqual("changed", project.state(name))
        self.assertSaid("--accept-change", project.exits(65, "down"))
        project.ok("resolve", name, "--accept-change")
        self.assertEqual("applied", project.state(name))
        entry = project.db.changelog.find_one()
        self.assertEqual((digest, digest), (entry["fileHash"], entry["whimbrel"]["sha256"]))
        self.assertEqual(digest, project.db.whimbrel_runs.find_one({"migration": name})["sha256"])
        project.ok("down")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_an_entry_of_migrate_mongo_takes_the_changed_file(self, project):
        name = project.migration("twice", TWICE)
        project.db.changelog.insert_one({"fileName": name, "fileHash": "0" * 64,
                                         "appliedAt": datetime.datetime(2024, 1, 2), "migrationBlock": 1704153600000.0})
        self.assertEqual("changed", project.state(name))
        project.ok("resolve", name, "--accept-change")
        self.assertEqual("applied", project.state(name))
        entry = project.db.changelog.find_one()
        self.assertEqual(["_id", "fileName", "fileHash", "appliedAt", "migrationBlock"], list(entry))
        self.assertEqual(datetime.datetime(2024, 1, 2), entry["appliedAt"])

    @on_both
    def test_without_a_change_there_is_nothing_to_accept_and_nothing_is_written(self, project):
        name = self.applied(project)
        pending = project.migration("later", TWICE)
        before = self.kept(project)
        for migration in (name, pending):
            self.assertSaid("no change", project.ok("resolve", migration, "--accept-change"), "out")
        self.assertEqual(before, self.kept(project))

    @on_both
    def test_other_steps_than_the_run_has_recorded_are_refused(self, project):
        name = self.applied(project)
        before = self.kept(project)
        self.change(project, name, {"update": "others", "with": [{"$set": {"a": 1}}]})
        self.assertSaid(f"whimbrel resolve {name} --pending", project.exits(65, "resolve", name, "--accept-change"))
        self.change(project, name, TWICE, TWICE)
        project.exits(65, "resolve", name, "--accept-change")
        self.assertEqual(before, self.kept(project) | {"whimbrel_runs": before["whimbrel_runs"]})
        self.assertEqual("changed", project.state(name))

    @on_both
    def test_steps_that_an_open_run_has_not_reached_may_be_others(self, project):
        name = self.interrupted(project, TWICE, {"insert": "wrong", "documents": [{"_id": 1}]})
        right = [{"insert": "right", "documents": [{"_id": k}]} for k in (1, 2)]
        self.change(project, name, {"insert": "things", "documents": [{"_id": -1}]}, TWICE)
        project.exits(65, "resolve", name, "--accept-change")
        self.change(project, name, TWICE, *right, transaction=True)
        project.exits(65, "resolve", name, "--accept-change")
        self.change(project, name, TWICE, *right)
        project.ok("resolve", name, "--accept-change")
        project.ok("up")
        self.assertTwice(project, DOCS)
        self.assertEqual((2, 0), (project.db.right.count_documents({}), project.db.wrong.count_documents({})))
        project.ok("down")
        self.assertUntouched(project)
        self.assertEqual(0, project.db.right.count_documents({}))

    @on_both
    def test_an_interrupted_down_goes_on_with_its_changed_file(self, project):
        name = self.interrupted_down(project)
        self.change(project, name)
        project.exits(65, "down")
        project.ok("resolve", name, "--accept-change")
        project.ok("down")
        self.assertUntouched(project)
        self.assertEqual("pending", project.state(name))

    @on_both
    def test_quarantined_documents_are_retried_with_the_accepted_file(self, project):
        self.fill(project, bad={7}, maxErrors=1)
        name = script(project, transforms("if (typeof doc.n !== 'number') throw new Error('no'); return { n: 2 * doc.n + 1 };"))
        project.exits(3, "up")
        path = project.migrations / name
        path.write_text(path.read_text().replace("throw new Error('no')", "return { n: 15 }"))
        self.assertSaid(f"whimbrel resolve {name} --accept-change", project.exits(3, "errors", "--retry"))
        project.ok("resolve", name, "--accept-change")
        project.ok("errors", "--retry")
        self.assertTwice(project, 200)

    @on("standalone")
    def test_a_missing_file_cannot_be_accepted(self, project):
        name = self.applied(project)
        (project.migrations / name).unlink()
        self.assertSaid("missing", project.exits(66, "resolve", name, "--accept-change"))

    # --applied

    @on_both
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

    @on_both
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

    @on_both
    def test_an_applied_migration_is_applied_already(self, project):
        name = self.applied(project)
        self.change(project, name)
        before = self.kept(project)
        self.assertSaid("applied already", project.ok("resolve", name, "--applied"), "out")
        self.assertEqual(before, self.kept(project))

    @on_both
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

    @on_both
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

    @on_both
    def test_an_interrupted_down_cannot_count_as_applied(self, project):
        name = self.interrupted_down(project)
        before = self.kept(project)
        result = project.exits(1, "resolve", name, "--applied")
        for word in ("whimbrel down", f"whimbrel resolve {name} --pending"):
            self.assertSaid(word, result)
        self.assertEqual(before, self.kept(project))
        project.ok("down")
        self.assertUntouched(project)

    @on_both
    def test_the_changed_file_of_an_open_run_must_be_accepted_first(self, project):
        name = self.interrupted(project)
        self.change(project, name)
        self.assertSaid("--accept-change", project.exits(65, "resolve", name, "--applied"))
        project.ok("resolve", name, "--accept-change")
        project.ok("resolve", name, "--applied")
        self.assertEqual("applied", project.state(name))

    @on_both
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

    @on_both
    def test_a_run_that_an_earlier_call_left_open_is_closed_by_the_next(self, project):
        name = self.interrupted(project)
        run = project.db.whimbrel_runs.find_one({"migration": name})
        project.db.changelog.insert_one({"_id": run["_id"], "fileName": name, "whimbrel": {"run": str(run["_id"])}})
        project.ok("resolve", name, "--applied")
        self.assertEqual("done", project.db.whimbrel_runs.find_one({"migration": name})["state"])
        self.assertEqual(1, project.db.changelog.count_documents({}))

    # --pending

    @on_both
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

    @on_both
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

    @on_both
    def test_down_goes_on_with_what_was_applied_before(self, project):
        self.fill(project)
        first = project.migration("first", {"insert": "others", "documents": [{"_id": 1}]})
        second = project.migration("second", TWICE)
        project.ok("up")
        project.ok("resolve", second, "--pending")
        result = project.ok("down")
        self.assertSaid(f"MIGRATED DOWN: {first}", result, "out")
        self.assertTwice(project, 200)

    @on_both
    def test_the_quarantine_of_a_run_goes_with_it(self, project):
        self.fill(project, bad={7, 70}, maxErrors=2)
        name = project.migration("twice", {**TWICE, "where": {"done": {"$ne": True}}})
        project.exits(3, "up")
        self.assertSaid("2 documents leave quarantine", project.ok("resolve", name, "--pending"), "out")
        self.assertSaid("no documents", project.ok("errors"), "out")
        project.ok("errors", "--retry")
        project.exits(3, "up")
        self.assertEqual(2, project.db.whimbrel_errors.count_documents({}))

    @on_both
    def test_a_down_that_was_finished_by_hand_counts_as_pending(self, project):
        name = self.interrupted_down(project)
        project.ok("resolve", name, "--pending")
        self.assertEqual("pending", project.state(name))
        self.assertSaid("nothing to undo", project.ok("down"))

    @on_both
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

    @on_both
    def test_a_pending_migration_is_pending_already(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        before = self.kept(project)
        self.assertSaid("pending already", project.ok("resolve", name, "--pending"), "out")
        self.assertEqual(before, self.kept(project))

    @on_both
    def test_a_run_that_lost_its_entry_is_given_up_too(self, project):
        name = self.applied(project)
        project.db.changelog.delete_many({})
        project.ok("resolve", name, "--pending")
        self.assertEqual("undone", project.db.whimbrel_runs.find_one({"migration": name})["state"])
        self.assertSaid("pending already", project.ok("resolve", name, "--pending"), "out")

    @on_both
    def test_a_run_that_lost_its_entry_is_the_one_that_is_applied_again(self, project):
        name = self.applied(project)
        project.db.changelog.delete_many({})
        project.ok("resolve", name, "--applied")
        project.ok("down")
        self.assertUntouched(project)

    @on_both
    def test_other_steps_can_be_taken_over_by_way_of_pending(self, project):
        name = self.applied(project)
        self.change(project, name, {"update": "others", "with": [{"$set": {"a": 1}}]})
        project.ok("resolve", name, "--pending")
        project.ok("resolve", name, "--applied")
        self.assertEqual("applied", project.state(name))
        self.assertSaid("no record of the run", project.exits(1, "down"))

    @on_both
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
            self.assertEqual(75, running.wait(60).rc)
            more = project.db.things.count_documents({"done": True}) - before
            # Without transactions, the rest of the batch that each of its two lanes was in.
            self.assertLessEqual(more, 2 * 10 if standalone else 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
