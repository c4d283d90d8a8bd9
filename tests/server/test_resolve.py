"""resolve: its command line, and files that were changed on purpose."""
import datetime

from support.resolve import DOCS, TWICE, ResolveTest
from support.scripts import script, transforms
from support.testcase import on, on_either


class AcceptTest(ResolveTest):
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

    @on_either
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

    @on_either
    def test_it_is_recorded_in_the_audit_with_what_was_said(self, project):
        name = project.migration("twice", TWICE)
        for flag in ("--applied", "--pending"):
            project.ok("resolve", name, flag)
        records = list(project.db.whimbrel_audit.find().sort([("at", 1), ("_id", 1)]))
        self.assertEqual([("resolve", name, {"as": "applied"}), ("resolve", name, {"as": "pending"})],
                         [(r["action"], r["migration"], r["options"]) for r in records])
        self.assertSaid("as pending", project.ok("history"), "out")

    @on_either
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

    @on_either
    def test_an_interrupted_run_goes_on_with_its_changed_file(self, project):
        name = self.interrupted(project)
        self.change(project, name)
        self.assertSaid(f"whimbrel resolve {name} --accept-change", project.exits(65, "up"))
        self.assertSaid("goes on", project.ok("resolve", name, "--accept-change"), "out")
        project.ok("up")
        self.assertTwice(project, DOCS)
        self.assertEqual("applied", project.state(name))

    @on_either
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

    @on_either
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

    @on_either
    def test_without_a_change_there_is_nothing_to_accept_and_nothing_is_written(self, project):
        name = self.applied(project)
        pending = project.migration("later", TWICE)
        before = self.kept(project)
        for migration in (name, pending):
            self.assertSaid("no change", project.ok("resolve", migration, "--accept-change"), "out")
        self.assertEqual(before, self.kept(project))

    @on_either
    def test_other_steps_than_the_run_has_recorded_are_refused(self, project):
        name = self.applied(project)
        before = self.kept(project)
        self.change(project, name, {"update": "others", "with": [{"$set": {"a": 1}}]})
        self.assertSaid(f"whimbrel resolve {name} --pending", project.exits(65, "resolve", name, "--accept-change"))
        self.change(project, name, TWICE, TWICE)
        project.exits(65, "resolve", name, "--accept-change")
        self.assertEqual(before, self.kept(project) | {"whimbrel_runs": before["whimbrel_runs"]})
        self.assertEqual("changed", project.state(name))

    @on_either
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

    @on_either
    def test_an_interrupted_down_goes_on_with_its_changed_file(self, project):
        name = self.interrupted_down(project)
        self.change(project, name)
        project.exits(65, "down")
        project.ok("resolve", name, "--accept-change")
        project.ok("down")
        self.assertUntouched(project)
        self.assertEqual("pending", project.state(name))

    @on_either
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


if __name__ == "__main__":
    import unittest
    unittest.main()
