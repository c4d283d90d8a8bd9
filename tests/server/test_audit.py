"""The audit: who did what when, whatever became of it; `history` shows it."""
import datetime
import getpass
import os
import re
import signal

from support.scripts import ScriptTest
from support.testcase import on, on_either, wait_until

TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}, "done": True}}]}
CANARY = "c4n4ry-s3cret"


class AuditTest(ScriptTest):
    def fill(self, project, count=200, docs=50, bad=(), **engine):
        project.config(engine={"workers": 2, "batch": {"docs": docs}, **engine})
        project.db.things.insert_many([{"_id": k, "n": f"text {k}" if k in bad else k} for k in range(count)])

    def records(self, project):
        return list(project.db.whimbrel_audit.find().sort([("at", 1), ("_id", 1)]))

    def story(self, project):
        """(action, outcome) of every record."""
        return [(record["action"], record.get("outcome")) for record in self.records(project)]

    def refuse_records(self, project):
        """From now on the server takes no document of the audit."""
        if "whimbrel_audit" not in project.db.list_collection_names():
            project.db.create_collection("whimbrel_audit")
        project.db.command({"collMod": "whimbrel_audit", "validator": {"never": True}})

    def interrupted(self, project):
        self.fill(project, 20000, docs=20)
        name = project.migration("twice", TWICE)
        running = project.start("up")
        wait_until(lambda: project.db.things.find_one({"done": True}) or not running.alive, "a change")
        return name, running

    @on_either
    def test_an_up_and_its_down_are_recorded_with_who_when_and_what(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        project.ok("up", "--workers", "1", "--batch-docs", "10", "--max-errors", "2", "--to", "twice")
        project.ok("down", "--steps", "2")
        self.assertEqual([("run.started", None), ("run.ended", "done"),
                          ("down.started", None), ("down.ended", "done")], self.story(project))
        run = project.db.whimbrel_runs.find_one({"migration": name})
        for record in self.records(project):
            self.assertEqual(1, record["v"])
            self.assertEqual((getpass.getuser(), os.uname().nodename), (record["who"]["user"], record["who"]["host"]))
            self.assertGreater(record["who"]["pid"], 0)
            self.assertEqual((name, run["_id"], run["sha256"]),
                             (record["migration"], record["run"], record["sha256"]))
            self.assertIsInstance(record["at"], datetime.datetime)
        started, ended, down, _ = self.records(project)
        self.assertEqual({"workers": 1, "batchDocs": 10, "maxErrors": 2, "to": "twice"}, started["options"])
        self.assertNotIn("options", ended)
        self.assertEqual({"steps": 2}, down["options"])

    @on_either
    def test_options_that_were_not_given_are_not_recorded(self, project):
        self.fill(project)
        project.migration("twice", TWICE)
        project.ok("up")
        self.assertNotIn("options", self.records(project)[0])

    @on_either
    def test_a_failure_is_recorded_with_its_message(self, project):
        self.fill(project, bad={7})
        project.migration("twice", TWICE)
        project.exits(1, "up")
        started, ended = self.records(project)
        self.assertEqual(("run.started", "run.ended", "failed"), (started["action"], ended["action"], ended["outcome"]))
        self.assertIn("7", ended["message"])
        project.exits(1, "up")
        project.ok("down")
        self.assertEqual([("run.resumed", None), ("run.ended", "failed"), ("down.started", None),
                          ("down.ended", "done")], self.story(project)[2:])

    @on_either
    def test_an_interrupted_run_is_recorded_and_so_is_its_resumption(self, project):
        _, running = self.interrupted(project)
        running.signal(signal.SIGTERM)
        self.assertEqual(143, running.wait(30).rc)
        project.ok("up")
        self.assertEqual([("run.started", None), ("run.ended", "interrupted"), ("run.resumed", None),
                          ("run.ended", "done")], self.story(project))

    @on_either
    def test_a_killed_run_has_started_and_not_ended(self, project):
        _, running = self.interrupted(project)
        running.kill()
        self.assertEqual([("run.started", None)], self.story(project))
        project.ok("up", "--wait", "60s")
        self.assertEqual([("run.started", None), ("run.resumed", None), ("run.ended", "done")], self.story(project))

    @on_either
    def test_where_the_start_cannot_be_recorded_nothing_is_touched(self, project):
        self.fill(project)
        name = project.migration("twice", TWICE)
        self.refuse_records(project)
        before = project.raw()
        self.assertSaid("validation", project.exits(1, "up"))
        self.assertSameBytes(before, project.raw())
        self.assertEqual("pending", project.state(name))
        self.assertEqual(0, project.db.whimbrel_runs.count_documents({"migration": name}))
        project.db.command({"collMod": "whimbrel_audit", "validator": {}})
        project.ok("up")
        before = project.raw()
        self.refuse_records(project)
        project.exits(1, "down")
        self.assertSameBytes(before, project.raw())
        self.assertEqual("applied", project.state(name))

    @on("replicaset")
    def test_the_end_is_recorded_with_the_changelog_or_not_at_all(self, project):
        self.fill(project, 10)
        project.migration("twice", TWICE)
        project.db.create_collection("whimbrel_audit", validator={"outcome": {"$ne": "done"}})
        project.exits(1, "up")
        self.assertEqual(0, project.db.changelog.count_documents({}))
        self.assertEqual([("run.started", None), ("run.ended", "failed")], self.story(project))

    @on("standalone")
    def test_an_end_that_cannot_be_recorded_does_not_undo_what_is_done(self, project):
        self.fill(project, 10)
        name = project.migration("twice", TWICE)
        project.db.create_collection("whimbrel_audit", validator={"outcome": {"$exists": False}})
        project.ok("up")
        self.assertEqual("applied", project.state(name))
        self.assertEqual([("run.started", None)], self.story(project))

    @on("replicaset")
    def test_a_migration_in_one_transaction_is_recorded(self, project):
        self.fill(project, 10)
        project.migration("twice", TWICE, transaction=True)
        project.ok("up")
        self.assertEqual([("run.started", None), ("run.ended", "done")], self.story(project))

    @on_either
    def test_the_time_is_the_servers(self, project):
        self.fill(project, 10)
        project.migration("twice", TWICE)
        before = project.db.command("hello")["localTime"]
        project.ok("up")
        after = project.db.command("hello")["localTime"]
        for record in self.records(project):
            self.assertLessEqual(before, record["at"])
            self.assertLessEqual(record["at"], after)

    @on_either
    def test_a_retry_of_quarantined_documents_is_recorded(self, project):
        self.fill(project, bad={7}, maxErrors=1)
        name = project.migration("twice", TWICE)
        project.exits(3, "up")
        project.db.things.update_one({"_id": 7}, {"$set": {"n": 7}})
        project.ok("errors", "--retry", "--workers", "1")
        started, ended = self.records(project)[2:]
        self.assertEqual(("retry.started", name, {"workers": 1}),
                         (started["action"], started["migration"], started["options"]))
        self.assertEqual(("retry.ended", "done", started["run"]), (ended["action"], ended["outcome"], ended["run"]))

    @on_either
    def test_an_unlock_is_recorded_with_whose_lock_it_was(self, project):
        self.fill(project)
        project.db.changelog_lock.insert_one({"createdAt": datetime.datetime.now(datetime.timezone.utc)})
        project.ok("unlock", "--force")
        record, = self.records(project)
        self.assertEqual(("unlock", {"force": True}), (record["action"], record["options"]))
        self.assertIn("migrate-mongo", record["message"])

    @on_either
    def test_an_unlock_that_cannot_be_recorded_leaves_the_lock(self, project):
        self.refuse_records(project)
        project.db.changelog_lock.insert_one({"createdAt": datetime.datetime.now(datetime.timezone.utc)})
        project.exits(1, "unlock", "--force")
        self.assertEqual(1, project.db.changelog_lock.count_documents({}))

    @on_either
    def test_called_as_migrate_mongo_it_is_recorded_too(self, project):
        (project.root / "migrate-mongo-config.js").write_text(
            "module.exports = { mongodb: { url: %r, databaseName: %r }, migrationsDir: 'migrations',\n"
            "  changelogCollectionName: 'changelog', migrationFileExtension: '.js' };\n" % (project.uri, project.db.name))
        (project.root / "whimbrel.yaml").unlink()
        name = project.migration("20240101000000-one.js", text=(
            "module.exports = { async up(db) { await db.collection('things').insertOne({ _id: 1 }); },\n"
            "  async down(db) { throw new Error('no way back'); } };\n"))
        project.ok("--compat", "up")
        project.exits(1, "--compat", "down")
        self.assertEqual([("run.started", None), ("run.ended", "done"), ("down.started", None),
                          ("down.ended", "failed")], self.story(project))
        self.assertEqual({name}, {record["migration"] for record in self.records(project)})
        self.assertIn("no way back", self.records(project)[-1]["message"])

    @on("standalone")
    def test_no_password_gets_into_the_audit(self, project):
        project.db[CANARY].insert_many([{"a": 1}, {"a": 1}])
        project.migration("bad", {"createIndexes": CANARY, "indexes": [{"key": {"a": 1}, "unique": True}]})
        user = f"user_{project.db.name}"
        project.db.command({"createUser": user, "pwd": CANARY, "roles": ["readWrite", "dbAdmin"]})
        self.addCleanup(project.db.command, {"dropUser": user})
        host = project.uri.removeprefix("mongodb://")
        uri = f"mongodb://{user}:{CANARY}@{host}{'&' if '?' in host else '?'}authSource={project.db.name}"
        (project.root / "uri").write_text(uri + "\n")
        project.exits(1, "up", "--uri-file", project.root / "uri")
        self.assertIn("createIndexes ***", self.records(project)[1]["message"])
        self.assertNotIn(CANARY, str(self.records(project)))

    @on_either
    def test_history_shows_everything_oldest_first(self, project):
        self.fill(project)
        first = project.migration("first", TWICE)
        second = project.migration("second", TWICE)
        project.ok("up", "--workers", "1")
        project.ok("down")
        lines = project.ok("history").out.splitlines()
        self.assertEqual(6, len(lines))
        expected = [(first, "run started", "workers 1"), (first, "run ended", "done"), (second, "run started", ""),
                    (second, "run ended", "done"), (second, "down started", ""), (second, "down ended", "done")]
        for line, words in zip(lines, expected):
            self.assertRegex(line, rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z  {re.escape(getpass.getuser())}@")
            for word in words:
                self.assertIn(word, line)
        self.assertEqual(lines[:2], project.ok("history", "first").out.splitlines())

    @on_either
    def test_history_for_programs_is_one_object_or_one_a_line(self, project):
        self.fill(project, 10)
        name = project.migration("twice", TWICE)
        project.ok("up", "--workers", "1")
        whole = project.ok("history", "-o", "json").json()
        self.assertEqual((1, "history", project.db.name), (whole["schema"], whole["type"], whole["database"]))
        self.assertEqual(whole["events"], project.ok("history", "-o", "ndjson").events())
        started, ended = whole["events"]
        self.assertEqual(("run.started", name, {"workers": 1}, None),
                         (started["action"], started["migration"], started["options"], started["outcome"]))
        self.assertEqual(("run.ended", "done", None), (ended["action"], ended["outcome"], ended["message"]))
        self.assertRegex(started["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual({"user", "host", "pid"}, set(started["who"]))

    @on_either
    def test_history_knows_migrations_that_are_gone(self, project):
        self.fill(project, 10)
        name = project.migration("twice", TWICE)
        project.ok("up")
        project.ok("down")
        (project.migrations / name).unlink()
        self.assertEqual(4, len(project.ok("history", name).out.splitlines()))
        self.assertSaid("did you mean", project.exits(66, "history", project.migration("other", TWICE)[:-6] + "x"))

    @on_either
    def test_history_of_nothing_says_so_and_writes_nothing(self, project):
        self.assertSaid("nothing has been done", project.ok("history"), "out")
        self.assertEqual([], project.ok("history", "-o", "json").json()["events"])
        self.assertEqual([], project.db.list_collection_names())

    @on_either
    def test_history_refuses_documents_of_a_newer_whimbrel(self, project):
        project.db.whimbrel_audit.insert_one({"v": 2, "at": datetime.datetime(2030, 1, 1)})
        self.assertSaid("version 2", project.exits(1, "history"))


if __name__ == "__main__":
    import unittest
    unittest.main()
