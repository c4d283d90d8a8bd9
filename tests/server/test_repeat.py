"""What a second `up` does, changed files, and the changelog that migrate-mongo reads too."""
import datetime
import hashlib
import signal

from support.testcase import ServerTest, on_both, wait_until

STEP = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}
IDEMPOTENT = {"update": "things", "where": {"done": {"$ne": True}},
              "with": [{"$set": {"done": True, "label": {"$concat": ["#", {"$toString": "$k"}]}}}]}


class RepeatTest(ServerTest):
    def fill(self, project, count=2000, docs=100):
        project.config(engine={"workers": 2, "batch": {"docs": docs}})
        project.db.things.insert_many([{"_id": k, "k": k, "n": k} for k in range(count)])

    def interrupted(self, project):
        """An `up` that was stopped in the middle; returns the file's name."""
        self.fill(project, 20000, docs=20)
        name = project.migration("twice", STEP)
        running = project.start("up")
        wait_until(lambda: project.db.things.find_one({"done": True}) or not running.alive, "a change")
        running.signal(signal.SIGTERM)
        self.assertEqual(143, running.wait(30).rc)
        return name

    @on_both
    def test_a_second_up_modifies_nothing(self, project):
        self.fill(project)
        project.migration("twice", STEP)
        project.ok("up")
        before = project.raw()
        summary = project.ok("up", "-o", "json").json()
        self.assertEqual([], summary["applied"])
        self.assertEqual(0, summary["documents"]["modified"])
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_an_idempotent_migration_without_its_changelog_entry_modifies_nothing(self, project):
        self.fill(project)
        name = project.migration("label", IDEMPOTENT)
        project.ok("up")
        before = project.raw()
        project.db.changelog.delete_many({})
        summary = project.ok("up", "-o", "json").json()
        self.assertEqual([name], summary["applied"])
        self.assertEqual(0, summary["documents"]["modified"])
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_the_summary_counts_documents_exactly(self, project):
        self.fill(project, 2500)
        project.db.things.update_many({"k": {"$lt": 500}}, {"$set": {"done": True}})
        project.migration("label", IDEMPOTENT)
        documents = project.ok("up", "-o", "json").json()["documents"]
        self.assertEqual(2000, documents["modified"])
        self.assertEqual(0, documents["quarantined"])

    @on_both
    def test_an_applied_file_that_changed_shows_as_changed_and_does_not_run_again(self, project):
        self.fill(project, 10)
        name = project.migration("twice", STEP)
        project.ok("up")
        before = project.raw()
        with open(project.migrations / name, "a") as file:
            file.write("\n# a later thought\n")
        self.assertEqual("changed", project.state(name))
        project.ok("up")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_the_changed_file_of_an_open_run_is_refused(self, project):
        name = self.interrupted(project)
        text = (project.migrations / name).read_text()
        (project.migrations / name).write_text(text + "\n# changed\n")
        before = project.raw()
        result = project.run("up")
        self.assertEqual(1 if result.rc == 1 else 65, result.rc, str(result))
        self.assertSaid("changed", result, "err")
        self.assertSaid(name, result, "err")
        self.assertSameBytes(before, project.raw())
        (project.migrations / name).write_text(text)
        project.ok("up")

    @on_both
    def test_a_missing_file_of_an_applied_migration_shows_as_missing(self, project):
        self.fill(project, 10)
        name = project.migration("twice", STEP)
        project.ok("up")
        (project.migrations / name).unlink()
        self.assertEqual("missing", project.state(name))
        project.ok("up")

    @on_both
    def test_the_changelog_has_migrate_mongos_shape(self, project):
        self.fill(project, 10)
        names = [project.migration("one", STEP), project.migration("two", IDEMPOTENT)]
        started = datetime.datetime.now(datetime.timezone.utc)
        project.ok("up")
        entries = list(project.db.changelog.find().sort("fileName"))
        self.assertEqual(names, [entry["fileName"] for entry in entries])
        for entry in entries:
            keys = [key for key in entry if key != "_id"]
            expected = ["fileName", "appliedAt", "migrationBlock"]
            self.assertEqual(expected, [key for key in keys if key in expected], "order of the keys")
            self.assertIsInstance(entry["appliedAt"], datetime.datetime)
            self.assertIsInstance(entry["migrationBlock"], float)
            seconds = abs(entry["migrationBlock"] / 1000 - started.timestamp())
            self.assertLess(seconds, 300, "milliseconds since 1970")
        self.assertEqual(1, len({entry["migrationBlock"] for entry in entries}), "one up, one block")

    @on_both
    def test_the_file_hash_is_kept_as_migrate_mongo_keeps_it(self, project):
        self.fill(project, 10)
        project.config(useFileHash=True)
        name = project.migration("one", STEP)
        project.ok("up")
        entry = project.db.changelog.find_one()
        content = (project.migrations / name).read_bytes()
        self.assertEqual(hashlib.sha256(content).hexdigest(), entry["fileHash"])

    @on_both
    def test_an_entry_written_by_migrate_mongo_counts_as_applied(self, project):
        self.fill(project, 10)
        name = project.migration("one", STEP)
        project.db.changelog.insert_one({
            "fileName": name, "appliedAt": datetime.datetime(2024, 1, 2), "migrationBlock": 1704153600000.0})
        self.assertEqual("applied", project.state(name))
        before = project.raw()
        project.ok("up")
        self.assertSameBytes(before, project.raw())

    @on_both
    def test_an_entry_of_an_old_migrate_mongo_counts_as_applied(self, project):
        name = project.migration("one", STEP)
        project.db.changelog.insert_one({"fileName": name, "appliedAt": datetime.datetime(2020, 1, 2)})
        self.assertEqual("applied", project.state(name))
        project.ok("up")

    @on_both
    def test_own_documents_carry_a_format_version(self, project):
        self.interrupted(project)
        for collection in project.db.list_collection_names():
            if collection.startswith("whimbrel_"):
                with self.subTest(collection=collection):
                    self.assertEqual(0, project.db[collection].count_documents({"v": {"$ne": 1}}))

    @on_both
    def test_the_users_documents_hold_only_what_the_migration_says(self, project):
        self.fill(project, 300)
        project.migration("twice", STEP)
        project.ok("up")
        for document in project.db.things.find():
            self.assertEqual(["_id", "k", "n", "done"], list(document))


if __name__ == "__main__":
    import unittest
    unittest.main()
