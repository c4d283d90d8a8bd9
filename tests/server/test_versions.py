"""State documents of a newer whimbrel are refused with their number, and nothing is touched."""
import signal

import bson

from support.testcase import ServerTest, on, on_either

TWICE = {"update": "things", "with": [{"$set": {"n": {"$add": [{"$multiply": ["$n", 2]}, 1]}}}]}
NEWER = 99


class VersionTest(ServerTest):
    def fill(self, project, **engine):
        project.config(engine={"workers": 1, "batch": {"docs": 10, "time": "30s"}, **engine})
        project.db.things.insert_many([{"_id": k, "n": k} for k in range(100)])
        return project.migration("twice", TWICE)

    def interrupt(self, project):
        """A run that died between two batches, and whose lock was taken away."""
        self.die(project)
        project.ok("unlock", "--force")

    def die(self, project):
        fault = "kill update whimbrel_ranges after#3"
        self.assertEqual(-signal.SIGKILL, project.run("up", env={"WHIMBREL_FAULT": fault}).rc)

    def everything(self, project):
        """All documents but the counter that goes up whenever the lock is taken."""
        counter = bson.encode(project.db.whimbrel_runs.find_one({"_id": "epoch"}))
        names = sorted(project.db.list_collection_names())
        return {name: [raw for raw in project.raw(name) if raw != counter] for name in names}

    def refuses(self, project, collection, *commands, path="v"):
        project.db[collection].update_many({}, {"$set": {path: NEWER}})
        before = self.everything(project)
        for command in commands:
            with self.subTest(collection=collection, command=command):
                result = project.exits(1, *command)
                self.assertIn(f"a document in {collection} has format version {NEWER}", result.err)
                self.assertIn("upgrade whimbrel", result.err)
                self.assertEqual(before, self.everything(project))
        project.db[collection].update_many({}, {"$set": {path: 1}})

    @on_either
    def test_an_interrupted_run_of_a_newer_whimbrel_is_refused(self, project):
        self.fill(project)
        self.interrupt(project)
        self.refuses(project, "whimbrel_runs", ("status",), ("up",), ("down",), ("plan",))
        for collection in ("whimbrel_ranges", "whimbrel_journal"):
            self.refuses(project, collection, ("up",), ("down",))
        project.ok("up")
        self.assertEqual([2 * k + 1 for k in range(100)], [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_an_applied_migration_of_a_newer_whimbrel_is_not_undone(self, project):
        self.fill(project)
        project.ok("up")
        self.refuses(project, "changelog", ("status",), ("up",), ("down",), path="whimbrel.v")
        self.refuses(project, "whimbrel_journal", ("down",))
        self.refuses(project, "whimbrel_audit", ("history",))
        project.ok("down")
        self.assertEqual(list(range(100)), [d["n"] for d in project.db.things.find().sort("_id")])

    @on_either
    def test_quarantine_of_a_newer_whimbrel_is_refused(self, project):
        self.fill(project, maxErrors=5)
        project.db.things.insert_one({"_id": 100, "n": "text"})
        project.exits(3, "up")
        self.refuses(project, "whimbrel_errors", ("errors",), ("errors", "--retry"), ("down",))

    @on("standalone")
    def test_a_lock_of_a_newer_whimbrel_keeps_everyone_out(self, project):
        self.fill(project)
        self.die(project)
        self.refuses(project, "changelog_lock", ("up",), ("unlock", "--force"))

    @on_either
    def test_documents_without_a_version_are_read(self, project):
        self.fill(project)
        self.interrupt(project)
        for collection in ("whimbrel_runs", "whimbrel_ranges", "whimbrel_journal"):
            project.db[collection].update_many({}, {"$unset": {"v": 1}})
        project.ok("up")
        self.assertEqual([2 * k + 1 for k in range(100)], [d["n"] for d in project.db.things.find().sort("_id")])


if __name__ == "__main__":
    import unittest
    unittest.main()
